import type { FileDigest } from '@atelier/artifacts';
import type { PublishedRow } from '../plan/published-rows.js';

/** A file to write: where, of what, and where the pictures' bytes come from. */
export interface ShardFile {
  /** Absolute. */
  readonly path: string;
  readonly rows: readonly PublishedRow[];
  readonly classes: readonly string[];
  /** Pixels of every picture. */
  readonly width: number;
  readonly height: number;
  /** The bytes of a row's JPEG. @throws AtelierError INPUT_CHANGED or INPUT_MISSING */
  read(row: PublishedRow): Promise<Uint8Array>;
}

/** Writes one file of a format, its rows in order, in memory that does not grow with their number. */
export type ShardWriter = (file: ShardFile) => Promise<FileDigest>;

/** Bytes of pictures that a writer holds before it writes them out. */
export const BATCH_BYTES = 8 * 1024 * 1024;

/** A row and its JPEG. */
export interface LoadedRow {
  readonly row: PublishedRow;
  readonly jpeg: Uint8Array;
}

/** The rows with their bytes, in order, in batches of about {@link BATCH_BYTES}. */
export async function* loadedBatches({ rows, read }: ShardFile): AsyncGenerator<LoadedRow[]> {
  let batch: LoadedRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    const jpeg = await read(row);
    batch.push({ row, jpeg });
    bytes += jpeg.byteLength;
    if (bytes < BATCH_BYTES) continue;
    yield batch;
    [batch, bytes] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}
