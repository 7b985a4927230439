import { AtelierError } from '@atelier/core';
import { encodeScalars, type FieldSpec } from './arrow-columns.js';
import { openArrowFile, readScalarColumns, type ArrowFile, type ScalarColumns } from './arrow-reader.js';
import { createArrowFile } from './arrow-writer.js';
import type { FileDigest } from '../digest.js';
import { damagedError } from '../file-errors.js';
import { bytesOf } from '../elements.js';

/** A column to be written: one value per row, or, for a vector column, `size` float32 per row one after another. */
export type TableColumn =
  | { readonly type: 'utf8'; readonly values: readonly string[] }
  | { readonly type: 'int32'; readonly values: ArrayLike<number> }
  | { readonly type: 'float32'; readonly values: ArrayLike<number> }
  | { readonly type: 'bool'; readonly values: readonly boolean[] }
  | { readonly type: 'vector'; readonly size: number; readonly values: Float32Array };

/** A table read into memory. */
export interface ArrowTable extends ScalarColumns {
  readonly rows: number;
  /** The schema's metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** A vector column: `size` numbers per row. @throws AtelierError ARTIFACT_DAMAGED when it is not there */
  vectors(name: string): { readonly size: number; readonly values: Float32Array };
}

/**
 * Writes a small table as an Arrow IPC file, its types as told and never guessed, no value null. `feather.read_table`
 * of pyarrow reads it, and so does arrow-js's `tableFromIPC`.
 * @param columns by name, in order
 * @throws AtelierError WRITE_FAILED (a missing value, another type, columns of different length) or DISK_FULL
 */
export async function writeArrowTable(
  path: string,
  columns: Readonly<Record<string, TableColumn>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<FileDigest> {
  const entries = Object.entries(columns);
  const lengths = entries.map(([, column]) =>
    column.type === 'vector' ? column.values.length / column.size : column.values.length,
  );
  const rows = lengths[0] ?? 0;
  const odd = lengths.findIndex((length) => length !== rows);
  if (odd >= 0) {
    throw new AtelierError({
      code: 'WRITE_FAILED',
      action: 'write the table',
      path,
      problem: `its column "${entries[odd]?.[0]}" has ${lengths[odd]} rows, and "${entries[0]?.[0]}" has ${rows}`,
      hint: 'This is a mistake in the program: all columns have the same number of rows.',
    });
  }
  const buffers = entries.map(([name, column]) =>
    column.type === 'vector' ? [bytesOf(column.values)] : encodeScalars(name, column.type, column.values),
  );
  const fields = entries.map(([name, column]): FieldSpec => {
    const type = column.type === 'vector' ? { element: 'float32' as const, size: column.size } : column.type;
    return { name, type, metadata: new Map() };
  });
  const file = await createArrowFile(path, fields, metadata);
  if (rows > 0) await file.writeBatch(rows, buffers);
  return file.commit();
}

/**
 * Reads a whole Arrow table.
 * @throws AtelierError ARTIFACT_MISSING, READ_FAILED or ARTIFACT_DAMAGED: cut, another format, a null (with the
 * column's name), a column of a type that this house does not write
 */
export async function readArrowTable(path: string): Promise<ArrowTable> {
  const file = await openArrowFile(path);
  try {
    const scalars = readScalarColumns(file);
    const vectors = readVectors(file);
    return {
      rows: file.rows,
      metadata: file.metadata,
      ...scalars,
      vectors(name) {
        const found = vectors.get(name);
        if (found === undefined)
          throw damagedError('read the table', path, `it has no vector column "${name}"`);
        return found;
      },
    };
  } finally {
    file.close();
  }
}

function readVectors(file: ArrowFile): Map<string, { size: number; values: Float32Array }> {
  const found = new Map<string, { size: number; values: Float32Array }>();
  file.fields.forEach(({ name, type }, i) => {
    if (typeof type === 'string' || type.element !== 'float32') return;
    const values = new Float32Array(file.rows * type.size);
    for (const { firstRow, rows, buffers } of file.chunksOf(i)) {
      const part = values.subarray(firstRow * type.size, (firstRow + rows) * type.size);
      file.readInto(bytesOf(part), buffers[0]?.offset ?? 0);
    }
    found.set(name, { size: type.size, values });
  });
  return found;
}
