import type { DType } from '../proto/messages.js';

/** Dimensions of a tensor; null is the batch, which is known only when the graph runs. */
export type Shape = readonly (number | null)[];

/** One output of a node of the graph, as it stands before any run: a name, an element type and a shape. */
export interface Tensor {
  /** `node`, or `node:index` for an output after the first. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** The number of elements of a shape without its leading (batch) dimension. */
export function elementsPerRow(shape: Shape): number {
  return shape.slice(1).reduce<number>((product, size) => product * knownSize(size), 1);
}

/** The size of a dimension that must be known. */
export function knownSize(size: number | null | undefined): number {
  if (size === null || size === undefined) throw new TypeError('a dimension other than the batch is unknown');
  return size;
}

/** `[null, 4, 4, 3]` as `(?, 4, 4, 3)`, for messages. */
export function printShape(shape: Shape): string {
  return `(${shape.map((size) => size ?? '?').join(', ')})`;
}
