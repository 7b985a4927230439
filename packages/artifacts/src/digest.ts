import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { readError } from './file-errors.js';

const chunkBytes = 1 << 20;

/** What a file is known by: its size and the SHA-256 of its bytes. */
export interface FileDigest {
  /** Size in bytes. */
  readonly sizeBytes: number;
  /** SHA-256 as 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** The SHA-256 of bytes, or of a text's UTF-8 bytes, as 64 lower-case hexadecimal digits. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/**
 * The size and SHA-256 of a file's bytes, read one megabyte at a time: those that it had when it was opened, so that a file
 * to which somebody writes all the time comes to an end.
 * @throws AtelierError ARTIFACT_MISSING when there is no such file, READ_FAILED when it cannot be read
 */
export async function digestFile(path: string): Promise<FileDigest> {
  try {
    const file = await open(path, 'r');
    try {
      const hash = createHash('sha256');
      const { size } = await file.stat();
      const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, size));
      let sizeBytes = 0;
      while (sizeBytes < size) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - sizeBytes), null);
        if (bytesRead === 0) break; // it was cut short meanwhile
        hash.update(buffer.subarray(0, bytesRead));
        sizeBytes += bytesRead;
      }
      return { sizeBytes, sha256: hash.digest('hex') };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readError('read', path, error);
  }
}
