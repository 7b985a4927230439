import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AtelierError } from '@atelier/core';

/** Where packages of Python are installed to be measured against. */
export interface PythonPlace {
  /** What is installed, for people. */
  readonly name: string;
  /** The pinned packages, in pip's format. */
  readonly requirements: string;
  /** The virtual environment. */
  readonly venv: string;
  /** The Python that makes it: at least 3.11, with venv and pip. */
  readonly systemPython: string;
}

/**
 * Makes the virtual environment that a peer is measured in, unless the one that is there was made from the same
 * requirements (a stamp, written last, holds their digest).
 * @returns the path of its Python
 * @throws AtelierError PROGRAM_FAILED with the last words of what failed
 */
export async function ensurePythonPeers(
  { name, requirements, venv, systemPython }: PythonPlace,
  report: (line: string) => void,
): Promise<string> {
  const python = path.join(venv, 'bin', 'python');
  const stamp = path.join(venv, 'requirements.sha256');
  const wanted = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const made = existsSync(stamp) && existsSync(python) ? await readFile(stamp, 'utf8') : null;
  if (made === wanted) return python;
  report(`Installing ${name} for Python to measure against (some minutes, once)`);
  const hint = `Install Python 3.11 or newer with its venv and pip modules as ${systemPython}.`;
  await execute(systemPython, ['-m', 'venv', '--clear', venv], hint);
  await execute(
    python,
    ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--quiet', '-r', requirements],
    'Check that pip reaches its package index (PIP_INDEX_URL, proxy, certificates).',
  );
  await writeFile(stamp, wanted);
  return python;
}

async function execute(program: string, args: readonly string[], hint: string): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)));
  const problem = await new Promise<string | null>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code === 0 ? null : `it ended with ${code ?? signal}`));
  });
  if (problem === null) return;
  const words = said.trim().split('\n').slice(-6).join('\n');
  throw new AtelierError({
    code: 'PROGRAM_FAILED',
    action: `run ${program} ${args.slice(0, 3).join(' ')}`,
    problem: words === '' ? problem : `${problem}\n${words}\n`,
    hint,
  });
}
