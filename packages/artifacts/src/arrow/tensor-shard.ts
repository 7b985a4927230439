import { AtelierError } from '@atelier/core';
import {
  elementBytes,
  encodeScalars,
  newElements,
  type ColumnData,
  type ElementData,
  type ElementType,
  type FieldSpec,
  type ScalarType,
} from './arrow-columns.js';
import { openArrowFile, readScalarColumns, type ArrowFile } from './arrow-reader.js';
import { createArrowFile } from './arrow-writer.js';
import type { FileDigest } from '../digest.js';
import { damagedError } from '../file-errors.js';
import { bytesOf, elementCount } from '../elements.js';

/** The column that holds the tensors; the scalar columns come before it. */
export const tensorColumnName = 'tensor';

const extensionName = 'arrow.fixed_shape_tensor';

/** What every row of a shard looks like. */
export interface TensorShardSpec {
  /** Length of each axis of one row's tensor: [height, width, channels] for a picture. */
  readonly shape: readonly number[];
  /** A name for each axis: ['H', 'W', 'C'] for a picture. */
  readonly dimNames: readonly string[];
  readonly dtype: ElementType;
  /** The scalar columns by name, in the order they get in the file. */
  readonly columns: Readonly<Record<string, ScalarType>>;
  /** What holds for the whole shard; stored as the schema's metadata, so as texts. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Rows of a record batch, which is what a writer holds in memory. Default 16. */
  readonly rowsPerBatch?: number;
}

/** One row: its tensor's elements in C order (float16 as bits), and a value for each scalar column. */
export interface TensorRow<E extends ElementType = ElementType> {
  readonly tensor: ElementData[E];
  readonly values: Readonly<Record<string, string | number | boolean>>;
}

/** A shard being written. */
export interface TensorShardWriter {
  /** Appends rows, which may be reused once the promise resolves. The file does not depend on how they are grouped. */
  append(rows: readonly TensorRow[]): Promise<void>;
  /** Gives the file its name. */
  commit(): Promise<FileDigest>;
  /** Removes what was written. */
  abort(): Promise<void>;
}

/**
 * Starts a shard: an Arrow IPC file with scalar columns and one column of tensors as the canonical extension type
 * `arrow.fixed_shape_tensor`. In pyarrow,
 * `ipc.open_file(path).read_all()['tensor'].combine_chunks().to_numpy_ndarray()` is an array [rows, ...shape].
 * Memory holds one record batch. Equal rows give equal bytes.
 * @throws AtelierError WRITE_FAILED or DISK_FULL, from here and from every method; WRITE_FAILED also for a tensor of
 * another length or dtype and for a missing value
 */
export async function createTensorShard(path: string, spec: TensorShardSpec): Promise<TensorShardWriter> {
  const { shape, dimNames, dtype, columns, metadata = {}, rowsPerBatch = 16 } = spec;
  const rowElements = elementCount(shape);
  const extension = JSON.stringify({ shape, dim_names: dimNames });
  const scalars = Object.entries(columns);
  const fields: FieldSpec[] = [
    ...scalars.map(([name, type]) => ({ name, type, metadata: new Map<string, string>() })),
    {
      name: tensorColumnName,
      type: { element: dtype, size: rowElements },
      metadata: new Map([
        ['ARROW:extension:name', extensionName],
        ['ARROW:extension:metadata', extension],
      ]),
    },
  ];
  const file = await createArrowFile(path, fields, metadata);
  const tensors = newElements(dtype, rowElements * rowsPerBatch);
  let values: TensorRow['values'][] = [];
  let appended = 0;

  const add = ({ tensor, values: own }: TensorRow) => {
    if (tensor.length !== rowElements || tensor.constructor !== tensors.constructor) {
      throw new AtelierError({
        code: 'WRITE_FAILED',
        action: 'write the shard',
        path,
        problem: `row ${appended} has ${tensor.length} elements in a ${tensor.constructor.name}, and a ${dtype} tensor [${shape.join(', ')}] has ${rowElements} in a ${tensors.constructor.name}`,
        hint: 'This is a mistake in the program: every row of a shard has one shape and dtype.',
      });
    }
    tensors.set(tensor, values.length * rowElements);
    values.push(own);
    appended++;
  };
  const flush = async () => {
    const ready = values;
    values = [];
    if (ready.length === 0) return;
    await file.writeBatch(ready.length, [
      ...scalars.map(([name, type]) =>
        encodeScalars(
          name,
          type,
          ready.map((row) => row[name]),
        ),
      ),
      [bytesOf(tensors.subarray(0, ready.length * rowElements))],
    ]);
  };
  const orAbort = async <T>(effect: () => Promise<T>): Promise<T> => {
    try {
      return await effect();
    } catch (error) {
      await file.abort();
      throw error;
    }
  };

  return {
    append: (rows) =>
      orAbort(async () => {
        for (const row of rows) {
          add(row);
          if (values.length === rowsPerBatch) await flush();
        }
      }),
    commit: () =>
      orAbort(async () => {
        await flush();
        return file.commit();
      }),
    abort: () => file.abort(),
  };
}

/** An open shard. Its scalar columns are in memory, its tensors on the disk. */
export interface TensorShard {
  readonly path: string;
  readonly rows: number;
  /** Length of each axis of one row's tensor. */
  readonly shape: readonly number[];
  /** A name for each axis; empty where the file gives none. */
  readonly dimNames: readonly string[];
  readonly dtype: ElementType;
  /** Elements of one row's tensor: the product of `shape`. */
  readonly rowElements: number;
  /** What the writer stored for the whole shard. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The names and types of the scalar columns, in order. */
  readonly columns: Readonly<Record<string, ScalarType>>;
  /** A scalar column's values, one per row. @throws AtelierError ARTIFACT_DAMAGED naming a column that is not there */
  column<T extends ScalarType>(name: string, type: T): ColumnData[T];
  /**
   * Reads one row's tensor, and nothing else, from the file; synchronous.
   * @param row 0 … rows-1
   * @param target an array of `rowElements` of the shard's dtype (float16: Uint16Array of bits), also over shared
   * memory; a new one when left out
   * @returns `target`
   */
  readRow(row: number, target?: ElementData[ElementType]): ElementData[ElementType];
  /** {@link readRow} of `count` rows from `first` on, one after another in `target`. */
  readRows(first: number, count: number, target?: ElementData[ElementType]): ElementData[ElementType];
  /** Closes the file; reading is refused afterwards. */
  close(): void;
}

/**
 * Opens a shard for reading rows in any order with constant memory. Close it when done.
 * @throws AtelierError ARTIFACT_MISSING, READ_FAILED or ARTIFACT_DAMAGED (cut, another format, no tensors in it)
 */
export async function openTensorShard(path: string): Promise<TensorShard> {
  const file = await openArrowFile(path);
  try {
    return shardOf(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

function shardOf(file: ArrowFile): TensorShard {
  const { path, rows, metadata } = file;
  const { chunks, dtype, shape, dimNames } = findTensor(file);
  const rowElements = elementCount(shape);
  const rowBytes = rowElements * elementBytes[dtype];
  const scalars = readScalarColumns(file);

  function readRows(first: number, count: number, target = newElements(dtype, count * rowElements)) {
    if (
      !Number.isInteger(first) ||
      !Number.isInteger(count) ||
      first < 0 ||
      count < 0 ||
      first + count > rows
    ) {
      throw misuse(path, `rows ${first} to ${first + count - 1} were asked for, and it has ${rows}`);
    }
    if (target.length !== count * rowElements || target.BYTES_PER_ELEMENT !== elementBytes[dtype]) {
      throw misuse(
        path,
        `${count} rows were to go into a ${target.constructor.name} of ${target.length}, and they are ${count * rowElements} elements of ${dtype}`,
      );
    }
    const bytes = bytesOf(target);
    for (const chunk of chunks) {
      const from = Math.max(first, chunk.firstRow);
      const to = Math.min(first + count, chunk.firstRow + chunk.rows);
      if (from >= to) continue;
      const offset = (chunk.buffers[0]?.offset ?? 0) + (from - chunk.firstRow) * rowBytes;
      file.readInto(bytes.subarray((from - first) * rowBytes, (to - first) * rowBytes), offset);
    }
    return target;
  }

  return {
    path,
    rows,
    shape,
    dimNames,
    dtype,
    rowElements,
    metadata,
    columns: scalars.types,
    column: scalars.column,
    readRow: (row, target) => readRows(row, 1, target),
    readRows,
    close: () => file.close(),
  };
}

/** The column of tensors: the first with Arrow's extension name, its shape as the extension's metadata has it. */
function findTensor(file: ArrowFile) {
  const fail = (problem: string) => damagedError('read the shard', file.path, problem);
  const place = file.fields.findIndex(
    ({ metadata }) => metadata.get('ARROW:extension:name') === extensionName,
  );
  const field = file.fields[place];
  if (field === undefined || typeof field.type === 'string')
    throw fail(`it has no column of type ${extensionName}`);
  const { shape, dimNames } = parseExtension(field.metadata.get('ARROW:extension:metadata') ?? '', fail);
  if (elementCount(shape) !== field.type.size) {
    throw fail(`its tensors have shape [${shape.join(', ')}] but ${field.type.size} elements`);
  }
  return { chunks: file.chunksOf(place), dtype: field.type.element, shape, dimNames };
}

function parseExtension(text: string, fail: (problem: string) => AtelierError) {
  const unreadable = () => fail(`its tensors' shape cannot be read: ${JSON.stringify(text.slice(0, 200))}`);
  let parsed: { shape?: unknown; dim_names?: unknown; permutation?: unknown };
  try {
    parsed = JSON.parse(text) as typeof parsed;
  } catch {
    throw unreadable();
  }
  const { shape, dim_names: dimNames = [], permutation } = parsed;
  if (!Array.isArray(shape) || !shape.every((axis) => Number.isInteger(axis) && axis > 0)) throw unreadable();
  if (!Array.isArray(dimNames) || !dimNames.every((name) => typeof name === 'string')) throw unreadable();
  if (Array.isArray(permutation) && permutation.some((axis, i) => axis !== i)) {
    throw fail(`its tensors' axes are permuted (${permutation.join(', ')}), which cannot be read`);
  }
  return { shape: shape as number[], dimNames: dimNames as string[] };
}

function misuse(path: string, problem: string): AtelierError {
  return new AtelierError({
    code: 'READ_FAILED',
    action: 'read rows of the shard',
    path,
    problem,
    hint: 'This is a mistake in the program.',
  });
}
