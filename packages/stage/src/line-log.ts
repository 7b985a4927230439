import { createReadStream } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { writeError } from '@atelier/artifacts';

/**
 * Appends values to a file of JSON lines. Each brings its own line end along, in front: a line that a kill or a full
 * disk cut off is thereby ended, and spoils no other.
 * @throws AtelierError DISK_FULL or WRITE_FAILED
 */
export async function appendLines(path: string, values: readonly unknown[]): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await appendFile(path, values.map((value) => `\n${JSON.stringify(value)}`).join(''));
  } catch (error) {
    throw writeError('write', path, error);
  }
}

/** The values of such a file in their order, one line at a time; what was cut off is left out. */
export async function* readLines(path: string): AsyncGenerator<unknown> {
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      const value = parse(line);
      if (value !== undefined) yield value;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined; // empty, or cut off
  }
}
