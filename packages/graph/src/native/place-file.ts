import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A name beside `path` that nobody else uses and that tells whose it is. */
export function temporaryName(path: string): string {
  return `${path}.${process.pid}-${randomUUID().slice(0, 8)}.tmp`;
}

/** Writes a file under a temporary name and renames it: whole, or not there. */
export function placeText(path: string, text: string): Promise<void> {
  return placeWith(path, (temporary) => writeFile(temporary, text, { flush: true }));
}

/** Copies a file under a temporary name and renames it: whole, or not there. */
export function placeCopy(path: string, source: string): Promise<void> {
  return placeWith(path, (temporary) => copyFile(source, temporary));
}

/** Lets `make` write a file under a temporary name, then renames it over `path`. */
export async function placeWith(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = temporaryName(path);
  try {
    await make(temporary);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Lets `make` fill a folder under a temporary name, then renames it to `path`. Where another process was faster its
 * folder stays and ours goes, provided `accept` takes it; what `accept` refuses is replaced.
 */
export async function placeFolder(
  path: string,
  make: (temporary: string) => Promise<void>,
  accept: (folder: string) => boolean,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = temporaryName(path);
  const replaced = temporaryName(`${path}.replaced`);
  try {
    await mkdir(temporary);
    await make(temporary);
    if (accept(path)) return;
    await renameIfThere(path, replaced);
    await rename(temporary, path).catch((error: unknown) => {
      if (!accept(path)) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
    await rm(replaced, { recursive: true, force: true });
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** Removes what killed installations left in a folder: {@link temporaryName}s whose process is gone. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /\.(\d+)-[0-9a-f]{8}\.tmp/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Whether a process of this machine runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
