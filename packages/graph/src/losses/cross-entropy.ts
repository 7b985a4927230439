import { typeAttr } from '../build/attributes.js';
import type { Graph } from '../build/graph.js';
import { outputOf } from '../build/graph.js';
import { argMax, batchCount, cast, multiply, reduce, reshape, typed } from '../build/operations.js';
import { knownSize, type Tensor } from '../build/tensor.js';

/** Which labels the loss takes, by tfjs's names: class indices, or one row of probabilities per sample. */
export type LossName = 'sparseCategoricalCrossentropy' | 'categoricalCrossentropy';

/** Categorical cross-entropy as Keras defines it. */
export interface LossOptions {
  readonly name: LossName;
  /** Share in [0, 1) of each label that is spread evenly over all classes. */
  readonly labelSmoothing: number;
  /** Weight of each class, by its index; undefined weighs all alike. */
  readonly classWeights: readonly number[] | undefined;
}

/** The loss of one batch. */
export interface EmittedLoss {
  /** Cross-entropy of each sample, without class weights, float32 [batch]. */
  readonly perSample: Tensor;
  /** Sum of the weighted cross-entropies divided by the number of samples, a scalar. */
  mean(): Tensor;
  /** Gradient of the mean with respect to the logits, [batch, classes]. */
  gradient(): Tensor;
  /** The true class of each sample, int32 [batch]. */
  trueClass(): Tensor;
}

/**
 * Emits the cross-entropy of softmax(logits) and the labels. It is computed on the logits, where neither the
 * logarithm nor its gradient loses digits, and with one softmax.
 * @param logits [batch, classes]
 * @param labels int32 [batch] or float32 [batch, classes], as the loss wants them
 */
export function emitCrossEntropy(
  graph: Graph,
  { logits, labels }: { logits: Tensor; labels: Tensor },
  options: LossOptions,
): EmittedLoss {
  const classes = knownSize(logits.shape[1]);
  const sparse = options.name === 'sparseCategoricalCrossentropy';
  const rows = { shape: [null], dtype: 'float32' as const };
  const perSample =
    sparse && options.labelSmoothing === 0
      ? typed(graph, ['SparseSoftmaxCrossEntropyWithLogits', logits, labels], {
          ...rows,
          attrs: { Tlabels: typeAttr('int32') },
        })
      : typed(
          graph,
          ['SoftmaxCrossEntropyWithLogits', logits, softLabels(graph, { labels, sparse, classes }, options)],
          rows,
        );
  const trueClass = () => (sparse ? labels : argMax(graph, labels));
  let weights: Tensor | undefined;
  const sampleWeights = () => {
    if (options.classWeights === undefined) return undefined;
    weights ??= gather(graph, Float32Array.from(options.classWeights), trueClass());
    return weights;
  };
  return {
    perSample,
    trueClass,
    mean: () => {
      const sample = sampleWeights();
      const weighted = sample === undefined ? perSample : multiply(graph, perSample, sample);
      return reduce(graph, 'Mean', { tensor: weighted, axes: [0] });
    },
    gradient: () => {
      const unscaled = outputOf(perSample, 1, { shape: logits.shape });
      const share = typed(graph, ['Reciprocal', cast(graph, batchCount(graph, logits), 'float32')]);
      const sample = sampleWeights();
      if (sample === undefined) return multiply(graph, unscaled, share);
      return multiply(graph, unscaled, reshape(graph, multiply(graph, sample, share), [null, 1]));
    },
  };
}

/** Labels as rows of probabilities: y (1 - s) + s / classes. */
function softLabels(
  graph: Graph,
  { labels, sparse, classes }: { labels: Tensor; sparse: boolean; classes: number },
  { labelSmoothing }: LossOptions,
): Tensor {
  const floor = labelSmoothing / classes;
  if (!sparse) {
    if (labelSmoothing === 0) return labels;
    const kept = multiply(graph, labels, graph.scalar(1 - labelSmoothing));
    return typed(graph, ['AddV2', kept, graph.scalar(floor)]);
  }
  const inputs = [
    labels,
    graph.constant(Int32Array.of(classes), []),
    graph.scalar(1 - labelSmoothing + floor),
    graph.scalar(floor),
  ];
  const attrs = { T: typeAttr('float32'), TI: typeAttr('int32') };
  return graph.add('OneHot', { inputs, attrs }, { dtype: 'float32', shape: [null, classes] });
}

/** table[index] for each index. */
function gather(graph: Graph, table: Float32Array, index: Tensor): Tensor {
  const inputs = [
    graph.constant(table, [table.length], 'classWeights'),
    index,
    graph.constant(Int32Array.of(0), []),
  ];
  const attrs = { Tparams: typeAttr('float32'), Tindices: typeAttr('int32'), Taxis: typeAttr('int32') };
  return graph.add('GatherV2', { inputs, attrs }, { dtype: 'float32', shape: index.shape });
}
