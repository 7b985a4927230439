import type { Graph } from '../build/graph.js';
import { cast } from '../build/operations.js';
import type { Tensor } from '../build/tensor.js';
import type { OptimizerRule } from '../optimizers/optimizer.js';
import type { TrainableSpec } from './trainable.js';

/** What is fed at each run. */
export interface Inputs {
  /** Pictures as bytes. */
  readonly uint8: Tensor;
  /** The same pictures as numbers: the cast's output, in whose place float pictures are fed. */
  readonly float32: Tensor;
  readonly labels: Tensor;
  readonly learningRate: Tensor;
  /** The optimizer's other scalars, by name. */
  readonly fed: Readonly<Record<string, Tensor>>;
  readonly seed: {
    /** Whether anything asked for it. */
    readonly used: boolean;
    tensor(): Tensor;
  };
}

/** Emits the placeholders. */
export function emitInputs(
  graph: Graph,
  { model, classes, loss }: TrainableSpec,
  rule: OptimizerRule,
): Inputs {
  const sparse = loss.name === 'sparseCategoricalCrossentropy';
  const uint8 = graph.placeholder('images', 'uint8', [null, ...model.inputShape]);
  const seed = graph.placeholder('seed', 'int32', [2]);
  let seedUsed = false;
  return {
    uint8,
    float32: graph.within('images_as', () => cast(graph, uint8, 'float32')),
    labels: graph.placeholder('labels', sparse ? 'int32' : 'float32', sparse ? [null] : [null, classes]),
    learningRate: graph.placeholder('learning_rate', 'float32', []),
    fed: Object.fromEntries(
      Object.keys(rule.fedAt(1)).map((name) => [name, graph.placeholder(name, 'float32', [])]),
    ),
    seed: {
      get used() {
        return seedUsed;
      },
      tensor: () => {
        seedUsed = true;
        return seed;
      },
    },
  };
}
