import { open } from 'node:fs/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { AsyncBuffer, Compressors, FileMetaData } from 'hyparquet';
import { containerError, unreadable } from './container-error.js';

/** A Parquet file that is open for reading. */
export interface ParquetFile {
  readonly metadata: FileMetaData;
  /** The names of its top columns. */
  readonly columns: readonly string[];
  /** Its row groups: first row, one past the last, and the bytes of a column once it is decompressed. */
  readonly groups: readonly { readonly rows: readonly [number, number]; bytes(column: string): number }[];
  /** The values of one column, for the rows of one group. @throws AtelierError INPUT_INVALID */
  read(column: string, rows: readonly [number, number]): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

/** Bytes that one column of one row group may take: it is held at once. */
const MAX_COLUMN_BYTES = 1 << 30;

/**
 * Opens a Parquet file.
 * @param path absolute
 * @throws AtelierError INPUT_INVALID for a file that is cut off or no Parquet
 */
export async function openParquet(path: string): Promise<ParquetFile> {
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const handle = await open(path, 'r');
  try {
    const { size: byteLength } = await handle.stat();
    const file: AsyncBuffer = {
      byteLength,
      async slice(start, end = byteLength) {
        const length = Math.max(0, Math.min(end, byteLength) - Math.max(0, start));
        const bytes = Buffer.from(new ArrayBuffer(length));
        await handle.read(bytes, 0, length, Math.max(0, start));
        return bytes.buffer;
      },
    };
    const metadata = await parquetMetadataAsync(file);
    const groups = rowGroups(path, metadata);
    return {
      metadata,
      columns: topColumns(metadata),
      groups,
      async read(column, rows) {
        const group = groups.find((one) => one.rows[0] === rows[0]);
        const bytes = group?.bytes(column) ?? 0;
        if (bytes > MAX_COLUMN_BYTES) {
          throw containerError(
            path,
            `a row group takes ${bytes} bytes in the column "${column}", more than ${MAX_COLUMN_BYTES}`,
          );
        }
        const [rowStart, rowEnd] = rows;
        const options = { file, metadata, columns: [column], rowStart, rowEnd, utf8: false };
        try {
          const found = await parquetReadObjects({ ...options, compressors: { ...compressors, ...BOUNDED } });
          if (found.length === rowEnd - rowStart) return found.map((row) => row[column] as unknown);
        } catch (error) {
          throw unreadable(path, 'Parquet file', error);
        }
        throw containerError(path, `the column "${column}" does not hold the rows that its footer counts`);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw unreadable(path, 'Parquet file', error);
  }
}

/** Decompression that stops where a page grows beyond what its header says. */
const BOUNDED: Compressors = {
  GZIP: (input, maxOutputLength) => gunzipSync(input, { maxOutputLength: Math.max(1, maxOutputLength) }),
  BROTLI: (input, maxOutputLength) =>
    brotliDecompressSync(input, { maxOutputLength: Math.max(1, maxOutputLength) }),
};

function topColumns({ schema }: FileMetaData): string[] {
  const names: string[] = [];
  const skip = (at: number): number => {
    let next = at + 1;
    for (let i = 0; i < (schema[at]?.num_children ?? 0); i++) next = skip(next);
    return next;
  };
  for (let at = 1; at < schema.length; at = skip(at)) names.push(schema[at]?.name ?? '');
  return names;
}

function rowGroups(path: string, { row_groups, num_rows }: FileMetaData): ParquetFile['groups'] {
  let first = 0;
  const groups = row_groups.map(({ num_rows, columns }) => {
    const rows = [first, first + Number(num_rows)] as const;
    [, first] = rows;
    // a picture takes more than a byte: a footer that counts more rows than its file has bytes lies
    const size = columns.reduce(
      (sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0),
      0,
    );
    if (!(rows[1] - rows[0] >= 0 && rows[1] - rows[0] <= size)) {
      throw containerError(path, `its footer counts ${num_rows} rows in ${size} bytes`);
    }
    const bytes = (name: string) =>
      columns
        .filter(({ meta_data }) => meta_data?.path_in_schema[0] === name)
        .reduce((sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0), 0);
    return { rows, bytes };
  });
  if (first !== Number(num_rows)) throw containerError(path, 'its footer contradicts itself');
  return groups;
}
