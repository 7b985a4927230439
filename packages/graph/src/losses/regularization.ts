import type { Graph } from '../build/graph.js';
import { add, addAll, multiply, scaleBy, sumAll, typed } from '../build/operations.js';
import type { Tensor } from '../build/tensor.js';
import type { WeightSpec } from '../model/description.js';

/** l1 * sum(|w|) + l2 * sum(w²) of one weight, as Keras defines it. */
export function penalty(
  graph: Graph,
  value: Tensor,
  { l1, l2 }: NonNullable<WeightSpec['regularizer']>,
): Tensor {
  const parts: Tensor[] = [];
  if (l1 !== 0) parts.push(scaleBy(graph, sumAll(graph, typed(graph, ['Abs', value])), l1));
  // L2Loss is sum(w²) / 2
  if (l2 !== 0) parts.push(scaleBy(graph, typed(graph, ['L2Loss', value], { shape: [] }), 2 * l2));
  return parts.length === 0 ? graph.scalar(0) : addAll(graph, parts);
}

/** `gradient` with the penalty's own gradient, l1 * sign(w) + 2 * l2 * w, added. */
export function withPenaltyGradient(
  graph: Graph,
  { value, gradient }: { value: Tensor; gradient: Tensor },
  { l1, l2 }: NonNullable<WeightSpec['regularizer']>,
): Tensor {
  let sum = gradient;
  if (l1 !== 0) sum = add(graph, sum, scaleBy(graph, typed(graph, ['Sign', value]), l1));
  if (l2 !== 0) sum = add(graph, sum, multiply(graph, value, graph.scalar(2 * l2)));
  return sum;
}
