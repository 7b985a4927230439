import type { AttrValue, DType } from '../proto/messages.js';
import { boolAttr, typeAttr } from './attributes.js';
import type { Graph, NodeSpec } from './graph.js';
import { outputOf } from './graph.js';
import { elementsPerRow, type Shape, type Tensor } from './tensor.js';

/** What a typed operation is given besides its inputs. */
export interface TypedSpec extends Omit<NodeSpec, 'inputs'> {
  /** Shape and element type of the output where they are not the first input's. */
  shape?: Shape;
  dtype?: DType;
}

/** Adds an operation whose attribute `T` is the element type of its first input, as most operations have it. */
export function typed(
  graph: Graph,
  [op, ...inputs]: readonly [string, Tensor, ...Tensor[]],
  { shape, dtype, attrs, ...spec }: TypedSpec = {},
): Tensor {
  const withType: Record<string, AttrValue> = { T: typeAttr(inputs[0]!.dtype), ...attrs };
  return graph.add(
    op,
    { ...spec, inputs, attrs: withType },
    {
      ...(shape !== undefined && { shape }),
      ...(dtype !== undefined && { dtype }),
    },
  );
}

/** Element-wise a + b. */
export const add = (graph: Graph, a: Tensor, b: Tensor): Tensor => typed(graph, ['AddV2', a, b]);
/** Element-wise a - b. */
export const subtract = (graph: Graph, a: Tensor, b: Tensor): Tensor => typed(graph, ['Sub', a, b]);
/** Element-wise a * b, with the shape of a. */
export const multiply = (graph: Graph, a: Tensor, b: Tensor): Tensor => typed(graph, ['Mul', a, b]);

/** a * factor. */
export const scaleBy = (graph: Graph, a: Tensor, factor: number): Tensor =>
  multiply(graph, a, cast(graph, graph.scalar(factor), a.dtype));

/** The sum of one or more tensors of one shape. */
export function addAll(graph: Graph, tensors: readonly Tensor[]): Tensor {
  const [first, ...rest] = tensors;
  if (first === undefined) throw new RangeError('nothing to add');
  if (rest.length === 0) return first;
  if (rest.length === 1) return add(graph, first, rest[0]!);
  const attrs = { N: { i: BigInt(tensors.length) } };
  return typed(graph, ['AddN', first, ...rest], { attrs });
}

/** Another element type; the tensor itself where it already has it. */
export function cast(graph: Graph, tensor: Tensor, dtype: DType): Tensor {
  if (tensor.dtype === dtype) return tensor;
  const attrs = { SrcT: typeAttr(tensor.dtype), DstT: typeAttr(dtype) };
  return graph.add('Cast', { inputs: [tensor], attrs }, { dtype });
}

/** The same elements in another shape; a leading null stands for the batch. */
export function reshape(graph: Graph, tensor: Tensor, shape: Shape): Tensor {
  const sizes = Int32Array.from(shape, (size) => size ?? -1);
  const target = graph.constant(sizes, [sizes.length], 'Reshape/shape');
  return typed(graph, ['Reshape', tensor, target], { shape });
}

/** Rows of features: (batch, everything else). */
export function flatten(graph: Graph, tensor: Tensor): Tensor {
  return reshape(graph, tensor, [tensor.shape[0] ?? null, elementsPerRow(tensor.shape)]);
}

/** A reduction (`Sum`, `Mean`, `Max`) over `axes`. */
export function reduce(
  graph: Graph,
  op: 'Sum' | 'Mean' | 'Max',
  { tensor, axes, keepDims = false }: { tensor: Tensor; axes: readonly number[]; keepDims?: boolean },
): Tensor {
  const indices = graph.constant(Int32Array.from(axes), [axes.length], `${op}/axes`);
  const shape = keepDims
    ? tensor.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : tensor.shape.filter((_, axis) => !axes.includes(axis));
  return typed(graph, [op, tensor, indices], { attrs: { keep_dims: boolAttr(keepDims) }, shape });
}

/** The sum of all elements, a scalar. */
export function sumAll(graph: Graph, tensor: Tensor): Tensor {
  return reduce(graph, 'Sum', { tensor, axes: tensor.shape.map((_, axis) => axis) });
}

/** The shape of a tensor as it is when the graph runs, int32 [rank]. */
export function runtimeShape(graph: Graph, tensor: Tensor): Tensor {
  return graph.add(
    'Shape',
    { inputs: [tensor], attrs: { T: typeAttr(tensor.dtype), out_type: typeAttr('int32') } },
    { dtype: 'int32', shape: [tensor.shape.length] },
  );
}

/** The number of rows of a batch when the graph runs, an int32 scalar. */
export function batchCount(graph: Graph, tensor: Tensor): Tensor {
  const index = (at: number) => graph.constant(Int32Array.of(at), [1]);
  return graph.add(
    'StridedSlice',
    {
      name: 'batchCount',
      inputs: [runtimeShape(graph, tensor), index(0), index(1), index(1)],
      attrs: { T: typeAttr('int32'), Index: typeAttr('int32'), shrink_axis_mask: { i: 1n } },
    },
    { dtype: 'int32', shape: [] },
  );
}

/** Matrix product of a [n, k], or of the transpose of a [k, n], and b [k, m]. */
export function matMul(
  graph: Graph,
  [a, b]: readonly [Tensor, Tensor],
  { transposeA = false }: { transposeA?: boolean } = {},
): Tensor {
  const attrs = { transpose_a: boolAttr(transposeA) };
  const rows = a.shape[transposeA ? 1 : 0] ?? null;
  return typed(graph, ['MatMul', a, b], { attrs, shape: [rows, b.shape[1] ?? null] });
}

/**
 * a [n, k] times the transpose of b [m, k]. As a batch product of one: with a large b, oneDNN takes a quarter less for
 * it than for MatMul [measured: 32 x 128 by 87616 x 128, 7.0 against 8.8 ms].
 */
export function timesTransposed(graph: Graph, a: Tensor, b: Tensor): Tensor {
  const shape = [a.shape[0] ?? null, b.shape[0] ?? null];
  return typed(graph, ['BatchMatMulV2', a, b], { attrs: { adj_y: boolAttr(true) }, shape });
}

/** Index of the largest element of each row of [n, classes], int32 [n]. */
export function argMax(graph: Graph, rows: Tensor): Tensor {
  const axis = graph.constant(Int32Array.of(1), [], 'ArgMax/axis');
  const attrs = { T: typeAttr(rows.dtype), Tidx: typeAttr('int32'), output_type: typeAttr('int32') };
  return graph.add(
    'ArgMax',
    { inputs: [rows, axis], attrs },
    { dtype: 'int32', shape: [rows.shape[0] ?? null] },
  );
}

export { outputOf };
