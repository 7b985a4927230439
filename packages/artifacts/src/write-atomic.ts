import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AtelierError } from '@atelier/core';
import type { FileDigest } from './digest.js';
import { writeError } from './file-errors.js';

/** A file that gets its name only when it is whole. */
export interface AtomicFile {
  /** The name it will have. */
  readonly path: string;
  /** Appends bytes, or a text as UTF-8; one call at a time. The chunk may be reused once the promise resolves. */
  write(chunk: Uint8Array | string): Promise<void>;
  /** The SHA-256 of what was written so far, in hexadecimal. */
  digest(): string;
  /** Makes everything durable and gives the file its name, replacing what had it. */
  commit(): Promise<FileDigest>;
  /** Removes what was written; the name keeps what it had. Harmless after a commit or a failure. */
  abort(): Promise<void>;
}

/** How a file is made. */
export interface AtomicOptions {
  /**
   * Whether to wait until the disk holds the bytes and the name (fsync of file and folder). Without it a power cut,
   * but no crash of the program, may leave a short file under the final name. Default true.
   */
  readonly durable?: boolean;
}

const temporaryPrefix = '.atelier-partial-';

/** True for the name of a file that some writer has not finished: after a crash such files may be removed. */
export function isPartialFileName(name: string): boolean {
  return basename(name).startsWith(temporaryPrefix);
}

/**
 * Starts a file beside `path` under a temporary name ({@link isPartialFileName}); its folder is made when missing.
 * Any failure removes the temporary file; `path` is untouched until `commit` has succeeded.
 * @throws AtelierError DISK_FULL (no space, quota, size limit) or WRITE_FAILED, from here and from every method
 */
export async function createAtomicFile(path: string, options: AtomicOptions = {}): Promise<AtomicFile> {
  const { durable = true } = options;
  const folder = dirname(path);
  // not derived from the final name, which may already be as long as a name can be
  const temporary = join(folder, `${temporaryPrefix}${process.pid}-${randomUUID()}`);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let file: FileHandle | undefined;
  await attempt(async () => {
    await mkdir(folder, { recursive: true });
    file = await open(temporary, 'wx');
  });

  async function discard(): Promise<void> {
    const handle = file;
    if (handle === undefined) return;
    file = undefined;
    try {
      await handle.close();
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async function attempt<T>(effect: () => Promise<T>): Promise<T> {
    try {
      return await effect();
    } catch (error) {
      const failure = writeError('write', path, error);
      await discard().catch(() => undefined); // the first failure is the one to report
      throw failure;
    }
  }

  function opened(): FileHandle {
    if (file !== undefined) return file;
    throw new AtelierError({
      code: 'WRITE_FAILED',
      action: 'write',
      path,
      problem: 'the file has already been committed, aborted or has failed',
      hint: 'This is a mistake in the program: write before the commit, and commit once.',
    });
  }

  return {
    path,
    write: (chunk) =>
      attempt(async () => {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk;
        await writeAll(opened(), bytes);
        hash.update(bytes);
        sizeBytes += bytes.byteLength;
      }),
    digest: () => hash.copy().digest('hex'),
    commit: () =>
      attempt(async () => {
        const handle = opened();
        if (durable) await handle.sync();
        await handle.close();
        await rename(temporary, path);
        file = undefined;
        if (durable) await syncFolder(folder);
        return { sizeBytes, sha256: hash.digest('hex') };
      }),
    abort: () => attempt(discard),
  };
}

/**
 * Writes a whole file at once; whatever happens, `path` holds either what it held or all of `data`.
 * @param data the bytes, or a text to be written as UTF-8
 * @throws AtelierError DISK_FULL or WRITE_FAILED, with nothing left behind
 */
export async function writeFileAtomic(
  path: string,
  data: Uint8Array | string,
  options: AtomicOptions = {},
): Promise<FileDigest> {
  const file = await createAtomicFile(path, options);
  await file.write(data);
  return file.commit();
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.byteLength - offset);
    offset += bytesWritten;
  }
}

/** A rename is durable once its folder is. Windows has no such call and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
