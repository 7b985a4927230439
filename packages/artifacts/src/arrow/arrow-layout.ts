import type { BufferRegion, RecordBatch } from 'apache-arrow/ipc/metadata/message';
import type { AtelierError } from '@atelier/core';
import { elementBytes, type FieldSpec } from './arrow-columns.js';

/** For each column its buffers without the validity bitmaps, checked to be long enough and inside the body. */
export function splitByColumn(
  header: RecordBatch,
  fields: readonly FieldSpec[],
  { bodyBytes, fail }: { bodyBytes: number; fail: (problem: string) => AtelierError },
): BufferRegion[][] {
  const { length: rows } = header;
  let [node, buffer] = [0, 0];
  return fields.map(({ name, type }) => {
    const nodeCount = typeof type === 'string' ? 1 : 2;
    for (const { length, nullCount } of header.nodes.slice(node, node + nodeCount)) {
      if (nullCount > 0) throw fail(`column "${name}" holds ${nullCount} nulls, and no value may be missing`);
      if (length < rows) throw fail(`column "${name}" has ${length} rows of ${rows}`);
    }
    node += nodeCount;
    const wanted = wantedBytes(type, rows);
    const regions = header.buffers.slice(buffer + nodeCount, buffer + nodeCount + wanted.length);
    buffer += nodeCount + wanted.length;
    const isWhole = wanted.every((bytes, i) => {
      const region = regions[i];
      return (
        region !== undefined &&
        region.offset >= 0 &&
        region.length >= bytes &&
        region.offset + region.length <= bodyBytes
      );
    });
    if (!isWhole) throw fail(`column "${name}" lacks a part of its data`);
    return regions;
  });
}

/** The least size of each buffer of a column. */
function wantedBytes(type: FieldSpec['type'], rows: number): number[] {
  if (typeof type !== 'string') return [rows * type.size * elementBytes[type.element]];
  if (type === 'utf8') return [rows === 0 ? 0 : (rows + 1) * 4, 0];
  return [type === 'bool' ? Math.ceil(rows / 8) : rows * 4];
}

/** Proves that the offsets of a text column go up and stay inside its bytes. */
export function checkOffsets(
  [offsets, bytes]: Buffer[],
  rows: number,
  fail: (problem: string) => AtelierError,
): void {
  let last = 0;
  for (let row = 0; rows > 0 && row <= rows; row++) {
    const offset = offsets?.readInt32LE(row * 4) ?? -1;
    if (offset < last || offset > (bytes?.length ?? 0))
      throw fail(`the texts of row ${row} lie outside their buffer`);
    last = offset;
  }
}
