import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const requirementsPath = path.resolve(here, '../requirements.txt');
const venvPath = path.resolve(here, '../../../.venv');
const pollMs = 500;
/** How long a lock without a named owner is believed: its maker may be about to write its name. */
const namelessLockMs = 10_000;

/** Where things are: by default this repository's own, in tests a scratch folder. */
export interface ReadersPlace {
  /** The pinned packages, in pip's format. */
  requirementsPath: string;
  /** The virtual environment. */
  venvPath: string;
  /** The Python that makes it: at least 3.11, with venv and pip. */
  systemPython: string;
}

/** The place this repository's tests use: `.venv/` at the root, git-ignored. */
export const defaultPlace: ReadersPlace = {
  requirementsPath,
  venvPath,
  systemPython: process.platform === 'win32' ? 'python' : 'python3',
};

/** The Python inside the virtual environment, there or not. */
export function venvPython(place: ReadersPlace = defaultPlace): string {
  return process.platform === 'win32'
    ? path.join(place.venvPath, 'Scripts', 'python.exe')
    : path.join(place.venvPath, 'bin', 'python');
}

/**
 * Makes the virtual environment with the real readers, unless the one that is there was made from the same
 * requirements.txt (a stamp, written last, holds its digest). Of several processes one works and the others wait.
 * @returns the path of the environment's Python
 * @throws Error when Python is missing or too old, or when pip fails: what ran, what it said and how to mend it
 */
export async function ensureReaders(place: ReadersPlace = defaultPlace): Promise<string> {
  const wanted = createHash('sha256')
    .update(await readFile(place.requirementsPath))
    .digest('hex');
  if (await isMade(place, wanted)) return venvPython(place);
  const lockPath = `${place.venvPath}.lock`;
  await lock(lockPath);
  try {
    if (!(await isMade(place, wanted))) await make(place, wanted);
  } finally {
    await rm(lockPath, { recursive: true, force: true });
  }
  return venvPython(place);
}

/** True when the environment is whole and of these requirements. */
async function isMade(place: ReadersPlace, wanted: string): Promise<boolean> {
  const stamp = stampPath(place);
  return (
    existsSync(stamp) && existsSync(venvPython(place)) && (await readFile(stamp, 'utf8')).trim() === wanted
  );
}

const stampPath = (place: ReadersPlace) => path.join(place.venvPath, 'atelier-readers.sha256');

async function make(place: ReadersPlace, digest: string): Promise<void> {
  const started = Date.now();
  process.stderr.write(`Making the tests' Python readers in ${place.venvPath} (some minutes, once)\n`);
  const check =
    'import sys, venv, ensurepip; sys.exit("it is Python %d.%d" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)';
  const needs = `The tests read what was written with Python's own libraries: install Python 3.11 or newer with its venv and pip modules as ${place.systemPython}, and run again.`;
  await execute(place.systemPython, ['-c', check], needs);
  await execute(place.systemPython, ['-m', 'venv', '--clear', place.venvPath], needs);
  const install = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--quiet'];
  await execute(
    venvPython(place),
    [...install, '--requirement', place.requirementsPath],
    'Check that pip can reach its package index (PIP_INDEX_URL, proxy, certificates), and run again.',
  );
  await writeFile(stampPath(place), `${digest}\n`);
  process.stderr.write(`Made the tests' Python readers in ${Math.round((Date.now() - started) / 1000)} s\n`);
}

/** Runs a program to its end; an Error with its last words when it is missing or fails. */
async function execute(program: string, args: readonly string[], hint: string): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-8_000)));
  }
  const problem = await new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : `it ended with ${code ?? signal}`));
  });
  if (problem === undefined) return;
  const lastWords = said.trim().split('\n').slice(-12).join('\n');
  throw new Error(
    `Cannot run ${[program, ...args].join(' ')}: ${problem}. ${hint}${lastWords ? `\n${lastWords}` : ''}`,
  );
}

/** Takes the lock: a folder, because making one is atomic everywhere. A dead owner's lock is taken over. */
async function lock(lockPath: string): Promise<void> {
  for (;;) {
    try {
      await mkdir(lockPath);
      await writeFile(path.join(lockPath, 'pid'), String(process.pid));
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await isAbandoned(lockPath)) {
      const aside = `${lockPath}.${process.pid}`;
      try {
        await rename(lockPath, aside); // of several waiters, one succeeds
        await rm(aside, { recursive: true, force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    } else {
      await sleep(pollMs);
    }
  }
}

async function isAbandoned(lockPath: string): Promise<boolean> {
  try {
    const pid = Number(await readFile(path.join(lockPath, 'pid'), 'utf8'));
    if (Number.isInteger(pid) && pid > 0) return !isAlive(pid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  try {
    return Date.now() - (await stat(lockPath)).mtimeMs > namelessLockMs;
  } catch {
    return false; // its owner has just removed it
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
