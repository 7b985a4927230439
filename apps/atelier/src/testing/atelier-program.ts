/** For tests only: the command line as people start it, in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What `npx atelier` starts; it runs what is built. */
export const launcher = fileURLToPath(new URL('../../bin/atelier.mjs', import.meta.url));

/** A program that has ended. */
export interface EndedProgram {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `atelier` in a folder. */
export function runAtelier(args: readonly string[], cwd: string): Promise<EndedProgram> {
  return ended(spawn(process.execPath, [launcher, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** Waits for a process with piped output. */
export function ended(child: ChildProcess): Promise<EndedProgram> {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => (said[name] += text));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...said }));
  });
}
