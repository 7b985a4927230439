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
 * The size and SHA-256 of a file's bytes, read one megabyte at a time.
 * @throws AtelierError ARTIFACT_MISSING when there is no such file, READ_FAILED when it cannot be read
 */
export async function digestFile(path: string): Promise<FileDigest> {
  try {
    const file = await open(path, 'r');
    try {
      const hash = createHash('sha256');
      const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, (await file.stat()).size + 1));
      let sizeBytes = 0;
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
        if (bytesRead === 0) return { sizeBytes, sha256: hash.digest('hex') };
        hash.update(buffer.subarray(0, bytesRead));
        sizeBytes += bytesRead;
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readError('read', path, error);
  }
}
