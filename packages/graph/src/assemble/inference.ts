import type { Graph } from '../build/graph.js';
import { typed } from '../build/operations.js';
import type { Tensor } from '../build/tensor.js';
import { emitCrossEntropy } from '../losses/cross-entropy.js';
import type { ModelDescription } from '../model/description.js';
import { emitForward, type Network } from '../model/network.js';
import type { Inputs } from './inputs.js';
import type { TrainableSpec } from './trainable.js';

/** A network that is only run forwards, its layers as they are in inference. */
export function inferenceNetwork(
  graph: Graph,
  model: ModelDescription,
  read: (weight: number) => Tensor,
): Network {
  const never = () => {
    throw new Error('inference neither assigns weights nor draws random numbers');
  };
  return {
    graph,
    training: false,
    compute: 'float32',
    weights: model.weights,
    read,
    assign: never,
    seed: never,
  };
}

/** Emits prediction, [batch, classes], and the loss of each sample, [batch]. */
export function emitInference(
  graph: Graph,
  { model, steps, loss }: TrainableSpec,
  { read, inputs }: { read: (weight: number) => Tensor; inputs: Inputs },
): { perSample: Tensor; probabilities: Tensor } {
  const network = inferenceNetwork(graph, model, read);
  const { output: logits } = emitForward(network, steps, inputs.float32);
  return {
    probabilities: typed(graph, ['Softmax', logits], { name: 'probabilities' }),
    perSample: graph.within(
      'loss',
      () => emitCrossEntropy(graph, { logits, labels: inputs.labels }, loss).perSample,
    ),
  };
}
