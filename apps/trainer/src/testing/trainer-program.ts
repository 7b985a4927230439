/** For tests only: the trainer as people start it, in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

/** The built program of the loader's thread. */
export const loaderProgram = new URL('../../dist/loader/loader-worker.js', import.meta.url);

/** A program that has ended. */
export interface EndedProgram {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the built trainer. @param whenStarted gets the process, to kill it */
export async function runTrainer(
  args: readonly string[],
  whenStarted: (child: ChildProcess) => void = () => undefined,
): Promise<EndedProgram> {
  const program = `${dist}/main.js`;
  if (!existsSync(program)) throw new Error(`Cannot run ${program}: it is not built. Run npm run build.`);
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (said[stream] += text));
  }
  whenStarted(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...said }));
  });
}
