import { basename } from 'node:path';
import { writeArrowTable, writeCsv, writeFileAtomic, writeNpy, type FileDigest } from '@atelier/artifacts';
import type { LabelRow } from './labels.js';

/** What the files of the stage are made from. */
export interface LabelTable {
  readonly rows: readonly LabelRow[];
  readonly classes: readonly string[];
}

const WRITERS: Readonly<Record<string, (path: string, table: LabelTable) => Promise<FileDigest>>> = {
  'classes.json': (path, { rows, classes }) => {
    const pictures = countByClass(rows, classes.length);
    const table = classes.map((name, index) => ({ index, name, pictures: pictures[index] }));
    return writeFileAtomic(path, `${JSON.stringify({ classes: table }, undefined, 2)}\n`);
  },
  'labels.csv': (path, { rows }) =>
    writeCsv(
      path,
      ['path', 'class_name', 'class_index'],
      rows.map((row) => ({ path: row.path, class_name: row.className, class_index: row.classIndex })),
    ),
  'labels.arrow': (path, { rows }) =>
    writeArrowTable(path, {
      path: { type: 'utf8', values: rows.map((row) => row.path) },
      class_name: { type: 'utf8', values: rows.map((row) => row.className) },
      class_index: { type: 'int32', values: rows.map((row) => row.classIndex) },
    }),
  'one_hot.npy': (path, { rows, classes }) =>
    writeNpy(path, {
      dtype: 'uint8',
      shape: [rows.length, classes.length],
      data: oneHot(rows, classes.length),
    }),
  'integer.npy': (path, { rows }) =>
    writeNpy(path, {
      dtype: 'int32',
      shape: [rows.length],
      data: Int32Array.from(rows, (row) => row.classIndex),
    }),
  'binary.npy': (path, { rows, classes }) => {
    const bits = binaryWidth(classes.length);
    return writeNpy(path, { dtype: 'uint8', shape: [rows.length, bits], data: binary(rows, bits) });
  },
};

/** Writes one file of the labels folder, by its name. @returns its size and digest */
export function writeLabelFile(path: string, table: LabelTable): Promise<FileDigest> {
  return (WRITERS[basename(path)] as (typeof WRITERS)[string])(path, table);
}

/** Pictures per class. */
export function countByClass(rows: readonly Pick<LabelRow, 'classIndex'>[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const { classIndex } of rows) counts[classIndex] = (counts[classIndex] as number) + 1;
  return counts;
}

/** uint8 [N, classes], one 1 per row. */
export function oneHot(rows: readonly Pick<LabelRow, 'classIndex'>[], classes: number): Uint8Array {
  const matrix = new Uint8Array(rows.length * classes);
  rows.forEach(({ classIndex }, row) => (matrix[row * classes + classIndex] = 1));
  return matrix;
}

/** The number of bits that tell `classes` apart: ceil(log2 C), at least 1. */
export function binaryWidth(classes: number): number {
  return Math.max(1, Math.ceil(Math.log2(Math.max(1, classes))));
}

/** uint8 [N, bits]: the class index in base 2, highest bit first. */
export function binary(rows: readonly Pick<LabelRow, 'classIndex'>[], bits: number): Uint8Array {
  const matrix = new Uint8Array(rows.length * bits);
  rows.forEach(({ classIndex }, row) => {
    for (let bit = 0; bit < bits; bit++) matrix[row * bits + bit] = (classIndex >> (bits - 1 - bit)) & 1;
  });
  return matrix;
}
