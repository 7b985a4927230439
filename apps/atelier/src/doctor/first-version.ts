import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Longer than any of these programs takes to say its version. */
const LIMIT_MS = 20_000;

/**
 * What the first of several programs that can be started says to --version, its first line.
 * @param programs each as program and arguments, best first
 * @returns null where none can be started
 */
export async function firstVersion(programs: readonly (readonly string[])[]): Promise<string | null> {
  for (const [file, ...args] of programs) {
    try {
      // npm is a script on Windows, which only a shell starts
      const options = { timeout: LIMIT_MS, shell: process.platform === 'win32' };
      const { stdout } = await promisify(execFile)(file as string, [...args, '--version'], options);
      return (stdout.split('\n')[0] as string).trim();
    } catch {
      continue; // it is not there, or does not work: the next one may
    }
  }
  return null;
}
