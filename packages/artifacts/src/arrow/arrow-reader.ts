import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { RecordBatch } from 'apache-arrow/ipc/metadata/message';
import { messageOf, type AtelierError } from '@atelier/core';
import { decodeScalars, type ColumnData, type FieldSpec, type ScalarType } from './arrow-columns.js';
import { checkOffsets, splitByColumn } from './arrow-layout.js';
import { fromSchema, loadArrow, type Arrow } from './arrow-schema.js';
import { rowCountKey } from './arrow-writer.js';
import { damagedError, readError } from '../file-errors.js';

/** One column's part in one record batch. */
interface ColumnChunk {
  /** The column's row that comes first in it. */
  readonly firstRow: number;
  readonly rows: number;
  /** Its buffers without validity bitmaps: where in the file, in bytes. */
  readonly buffers: readonly { readonly offset: number; readonly length: number }[];
}

/** An open Arrow file: what its footer and its batches' headers say. The columns' values stay on the disk. */
export interface ArrowFile {
  readonly path: string;
  readonly rows: number;
  readonly fields: readonly FieldSpec[];
  /** The schema's metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The parts of a column, by the column's place in `fields`. */
  chunksOf(field: number): readonly ColumnChunk[];
  /** The values of a plain column. */
  readScalars<T extends ScalarType>(field: number, type: T): ColumnData[T];
  /** Fills `target` with the file's bytes from `offset` on. */
  readInto(target: Uint8Array, offset: number): void;
  close(): void;
}

const magic = 'ARROW1';
const action = 'read the Arrow file';

/**
 * Opens an Arrow IPC file by its footer and checks it: magic at both ends, every batch inside the file, the stored
 * row count (where this house wrote it), no nulls, and no column of a type that is not in {@link FieldSpec}.
 * Reading is synchronous and by position, so that memory holds only what was asked for. That no byte was changed
 * inside is for the manifest's digest to prove.
 * @throws AtelierError ARTIFACT_MISSING, READ_FAILED, or ARTIFACT_DAMAGED naming the column or batch
 */
export async function openArrowFile(path: string): Promise<ArrowFile> {
  const arrow = await loadArrow();
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw readError(action, path, error);
  }
  let isOpen = true;
  const close = () => {
    if (isOpen) closeSync(descriptor);
    isOpen = false;
  };
  const readInto = (target: Uint8Array, offset: number) => {
    if (!isOpen) throw readError(action, path, new Error('it has been closed'));
    fill(path, { descriptor, target, offset });
  };
  try {
    return describe({ path, arrow, sizeBytes: fstatSync(descriptor).size, readInto, close });
  } catch (error) {
    close();
    throw readError(action, path, error);
  }
}

/** The plain columns of a file, read into memory. */
export interface ScalarColumns {
  /** Their names and types, in order. */
  readonly types: Readonly<Record<string, ScalarType>>;
  /** A column's values, one per row. @throws AtelierError ARTIFACT_DAMAGED when it is not there or of another type */
  column<T extends ScalarType>(name: string, type: T): ColumnData[T];
}

/** Reads all plain columns. @throws AtelierError ARTIFACT_DAMAGED or READ_FAILED */
export function readScalarColumns(file: ArrowFile): ScalarColumns {
  const found = new Map<string, { type: ScalarType; values: ColumnData[ScalarType] }>();
  file.fields.forEach(({ name, type }, i) => {
    if (typeof type === 'string') found.set(name, { type, values: file.readScalars(i, type) });
  });
  return {
    types: Object.fromEntries([...found].map(([name, { type }]) => [name, type])),
    column<T extends ScalarType>(name: string, wanted: T) {
      const column = found.get(name);
      if (column?.type === wanted) return column.values as ColumnData[T];
      const problem =
        column === undefined
          ? `it has no column "${name}"`
          : `its column "${name}" is ${column.type}, not ${wanted}`;
      throw damagedError(action, file.path, problem);
    },
  };
}

interface Source {
  path: string;
  arrow: Arrow;
  sizeBytes: number;
  readInto(target: Uint8Array, offset: number): void;
  close(): void;
}

function describe(source: Source): ArrowFile {
  const { path, arrow, readInto, close } = source;
  const fail = (problem: string) => damagedError(action, path, problem);
  const { footer, bodyEnd } = readFooter(source, fail);
  const fields = fromSchema(arrow, footer.schema).map((field) => {
    if ('unsupported' in field) {
      throw fail(
        `column "${field.name}" is of type ${field.unsupported}, and only utf8, int32, float32, bool and fixed-size lists of float32, float16 and uint8 can be read`,
      );
    }
    return field;
  });
  const chunks: ColumnChunk[][] = fields.map(() => []);
  let rows = 0;
  for (let i = 0; i < footer.numRecordBatches; i++) {
    const block = footer.getRecordBatch(i);
    if (
      block === null ||
      block.offset < 8 ||
      block.offset + block.metaDataLength + block.bodyLength > bodyEnd
    ) {
      throw fail(`record batch ${i} lies outside the file`);
    }
    const header = readHeader(source, block, (problem) => fail(`record batch ${i} ${problem}`));
    const bodyOffset = block.offset + block.metaDataLength;
    const parts = splitByColumn(header, fields, {
      bodyBytes: block.bodyLength,
      fail: (problem) => fail(`record batch ${i}: ${problem}`),
    });
    parts.forEach((regions, field) =>
      chunks[field]?.push({
        firstRow: rows,
        rows: header.length,
        buffers: regions.map(({ offset, length }) => ({ offset: bodyOffset + offset, length })),
      }),
    );
    rows += header.length;
  }
  const { [rowCountKey]: stored, ...metadata } = Object.fromEntries(footer.schema.metadata) as Record<
    string,
    string
  >;
  if (stored !== undefined && Number(stored) !== rows) {
    throw fail(`it holds ${rows} rows, and its footer says ${stored}`);
  }
  return {
    path,
    rows,
    fields,
    metadata,
    chunksOf: (field) => chunks[field] ?? [],
    readScalars: <T extends ScalarType>(field: number, type: T) => {
      const parts = (chunks[field] ?? []).map((chunk) => {
        const buffers = chunk.buffers.map(({ offset, length }) => {
          const buffer = Buffer.alloc(length);
          readInto(buffer, offset);
          return buffer;
        });
        if (type === 'utf8') checkOffsets(buffers, chunk.rows, fail);
        return decodeScalars(type, chunk.rows, buffers);
      });
      return joinParts(type, parts) as ColumnData[T];
    },
    readInto,
    close,
  };
}

function readFooter({ arrow, sizeBytes, readInto }: Source, fail: (problem: string) => AtelierError) {
  const head = Buffer.alloc(Math.min(8, sizeBytes));
  readInto(head, 0);
  if (sizeBytes < 8 || head.toString('latin1', 0, 6) !== magic) {
    const isStream = sizeBytes >= 8 && head.readInt32LE(0) === -1;
    throw fail(
      isStream ? 'it is an Arrow stream, not an Arrow file' : 'it does not begin like an Arrow file',
    );
  }
  const tail = Buffer.alloc(10);
  if (sizeBytes >= 26) readInto(tail, sizeBytes - 10);
  const footerBytes = tail.readInt32LE(0);
  const bodyEnd = sizeBytes - 10 - footerBytes;
  if (tail.toString('latin1', 4) !== magic || footerBytes <= 0 || bodyEnd < 8) {
    throw fail('its end is missing, so it was cut off');
  }
  const bytes = new Uint8Array(footerBytes);
  readInto(bytes, bodyEnd);
  try {
    return { footer: arrow.file.Footer.decode(bytes), bodyEnd };
  } catch (error) {
    throw fail(`its footer cannot be read (${messageOf(error)})`);
  }
}

function readHeader(
  { arrow, readInto }: Source,
  block: { offset: number; metaDataLength: number },
  fail: (problem: string) => AtelierError,
): RecordBatch {
  const bytes = new Uint8Array(block.metaDataLength);
  readInto(bytes, block.offset);
  const prefix = new DataView(bytes.buffer);
  if (bytes.length < 16 || prefix.getInt32(0, true) !== -1) throw fail('does not begin with its header');
  const message = decodeOr(fail, () => arrow.message.Message.decode(bytes.subarray(8)));
  if (!message.isRecordBatch()) throw fail('is no record batch');
  const header = decodeOr(fail, () => message.header());
  if (header.compression) throw fail('is compressed; write the file without compression');
  return header;
}

function decodeOr<T>(fail: (problem: string) => AtelierError, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw fail(`has a header that cannot be read (${messageOf(error)})`);
  }
}

function joinParts(type: ScalarType, parts: ColumnData[ScalarType][]): ColumnData[ScalarType] {
  if (type === 'utf8' || type === 'bool') return (parts as string[][]).flat();
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const joined = type === 'int32' ? new Int32Array(total) : new Float32Array(total);
  let offset = 0;
  for (const part of parts as (Int32Array | Float32Array)[]) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

function fill(path: string, read: { descriptor: number; target: Uint8Array; offset: number }): void {
  const { descriptor, target, offset } = read;
  for (let done = 0; done < target.byteLength;) {
    let bytesRead: number;
    try {
      bytesRead = readSync(descriptor, target, done, target.byteLength - done, offset + done);
    } catch (error) {
      throw readError(action, path, error);
    }
    if (bytesRead === 0)
      throw damagedError(action, path, `it ends at byte ${offset + done}, within its data`);
    done += bytesRead;
  }
}
