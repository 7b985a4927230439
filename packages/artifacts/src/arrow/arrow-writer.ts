import { AtelierError, compareCodePoints } from '@atelier/core';
import type { ColumnBuffers, WritableField } from './arrow-columns.js';
import { loadArrow, toSchema } from './arrow-schema.js';
import type { FileDigest } from '../digest.js';
import { createAtomicFile } from '../write-atomic.js';

/** Where the file's footer says how many rows there are: a reader can tell that none is missing. */
export const rowCountKey = 'atelier.rows';

/** An Arrow IPC file being written, one record batch at a time. */
export interface ArrowWriter {
  /**
   * Appends a record batch.
   * @param rows how many rows it has
   * @param columns for each column in order its buffers without the validity bitmap: {@link encodeScalars}, or for
   * a list its elements
   */
  writeBatch(rows: number, columns: readonly ColumnBuffers[]): Promise<void>;
  /** Writes the footer and gives the file its name. */
  commit(): Promise<FileDigest>;
  /** Removes what was written. */
  abort(): Promise<void>;
}

const magic = Buffer.from('ARROW1');
const alignment = 64; // what the specification recommends, so that readers can map the file into memory

/**
 * Starts an Arrow IPC file ("Feather version 2"), uncompressed, by the columnar format's specification: magic,
 * schema, batches, end mark, footer. Equal rows in equal batches give equal bytes.
 *
 * The framing is written here because the library's own file writer leaves the schema message out, on which readers
 * of the stream inside the file depend, and gives its bytes only asynchronously, unbounded in memory.
 * @throws AtelierError WRITE_FAILED or DISK_FULL, from here and from every method
 */
export async function createArrowFile(
  path: string,
  fields: readonly WritableField[],
  metadata: Readonly<Record<string, string>>,
): Promise<ArrowWriter> {
  const loaded = await loadArrow();
  const { Footer, FileBlock } = loaded.file;
  const { Message, RecordBatch, FieldNode, BufferRegion } = loaded.message;
  const pairs = Object.entries(metadata).sort(([a], [b]) => compareCodePoints(a, b));
  if (new Set(fields.map((field) => field.name)).size !== fields.length || rowCountKey in metadata) {
    throw new AtelierError({
      code: 'WRITE_FAILED',
      action: 'write the table',
      path,
      problem: `two columns have one name, or the metadata holds "${rowCountKey}"`,
      hint: 'This is a mistake in the program: give every column and key its own name.',
    });
  }
  const file = await createAtomicFile(path);
  const blocks: InstanceType<typeof FileBlock>[] = [];
  let position = 0;
  let totalRows = 0;

  const write = async (bytes: Uint8Array) => {
    await file.write(bytes);
    position += bytes.byteLength;
  };
  /** A message's metadata, padded so that what follows is aligned. @returns its size in the file */
  const writeMessage = async (encoded: Uint8Array): Promise<number> => {
    const size = align(position + 8 + encoded.byteLength) - position;
    const framed = new Uint8Array(size);
    const view = new DataView(framed.buffer);
    view.setInt32(0, -1, true);
    view.setInt32(4, size - 8, true);
    framed.set(encoded, 8);
    await write(framed);
    return size;
  };

  await write(Buffer.concat([magic, Buffer.alloc(2)]));
  await writeMessage(Message.encode(Message.from(toSchema(loaded, fields, new Map(pairs)))));

  return {
    async writeBatch(rows, columns) {
      const flat = fields.map((field, i) => flatten(field, rows, columns[i] ?? []));
      const nodes = flat.flatMap(({ lengths }) => lengths.map((length) => new FieldNode(length, 0)));
      const buffers = flat.flatMap((column) => column.buffers);
      let bodyBytes = 0;
      const regions = buffers.map((buffer) => {
        const region = new BufferRegion(bodyBytes, buffer.byteLength);
        bodyBytes += align(buffer.byteLength);
        return region;
      });
      const header = new RecordBatch(rows, nodes, regions, null);
      const offset = position;
      const headBytes = await writeMessage(Message.encode(Message.from(header, bodyBytes)));
      for (const buffer of buffers) {
        await write(buffer);
        await write(new Uint8Array(align(buffer.byteLength) - buffer.byteLength));
      }
      blocks.push(new FileBlock(headBytes, bodyBytes, offset));
      totalRows += rows;
    },
    async commit() {
      const counted = toSchema(loaded, fields, new Map([...pairs, [rowCountKey, String(totalRows)]]));
      const footer = Footer.encode(new Footer(counted, undefined, blocks, []));
      const size = Buffer.alloc(4);
      size.writeInt32LE(footer.byteLength);
      const endOfStream = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
      await write(Buffer.concat([endOfStream, footer, size, magic]));
      return file.commit();
    },
    abort: () => file.abort(),
  };
}

/**
 * A column as a batch lays it out, depth first: the length of each node, and its buffers. A validity bitmap is empty:
 * nothing is null; a list's child and the children of a column have one of their own.
 */
function flatten(
  { type }: WritableField,
  rows: number,
  column: ColumnBuffers,
): { lengths: number[]; buffers: Uint8Array[] } {
  const empty = new Uint8Array(0);
  if ('children' in column) {
    const fields = (type as { children: readonly WritableField[] }).children;
    const children = column.children.map((child, i) => flatten(fields[i] as WritableField, rows, child));
    return {
      lengths: [rows, ...children.flatMap(({ lengths }) => lengths)],
      buffers: [empty, ...children.flatMap(({ buffers }) => buffers)],
    };
  }
  const size = typeof type === 'object' && 'size' in type ? type.size : undefined;
  return size === undefined
    ? { lengths: [rows], buffers: [empty, ...column] }
    : { lengths: [rows, rows * size], buffers: [empty, empty, ...column] };
}

const align = (bytes: number) => Math.ceil(bytes / alignment) * alignment;
