import type { Graph } from '../build/graph.js';
import type { Signature } from '../build/saved-model.js';
import type { Tensor } from '../build/tensor.js';
import type { LossOptions } from '../losses/cross-entropy.js';
import type { ModelDescription } from '../model/description.js';
import type { PlannedStep } from '../model/plan-steps.js';
import type { ResolvedOptimizer } from '../optimizers/optimizer.js';
import { optimizerRule } from '../optimizers/registry.js';
import { emitInference } from './inference.js';
import { emitInputs, type Inputs } from './inputs.js';
import { emitTraining } from './training.js';
import { emitVariables, type NamedVariable } from './variables.js';

/** What a trainable graph is made from. */
export interface TrainableSpec {
  readonly model: ModelDescription;
  /** The last one gives the logits. */
  readonly steps: readonly PlannedStep[];
  readonly classes: number;
  readonly loss: LossOptions;
  readonly optimizer: ResolvedOptimizer;
  /** Of the training step; evaluation and prediction work in float32. */
  readonly precision: 'float32' | 'mixed_bfloat16';
  /** undefined: gradients are taken as they are. */
  readonly globalClipNorm: number | undefined;
}

/** The tensors (`node:index`) to feed and fetch, by what they are for. */
export interface Endpoints {
  /** Pictures as bytes, and the same place for numbers already turned to float32. */
  readonly images: { readonly uint8: string; readonly float32: string };
  readonly labels: string;
  readonly learningRate: string;
  /** int32 [2]; undefined where nothing in the model is random. */
  readonly seed: string | undefined;
  /** The optimizer's other scalars of each step, by name. */
  readonly fed: Readonly<Record<string, string>>;
  /** Runs a training step: float32 [3], the loss, the loss without regularization, the number right. */
  readonly train: string;
  /** Run without training: float32 [batch] and [batch, classes]. */
  readonly perSample: string;
  readonly probabilities: string;
  /** In the order of `LayersModel.getWeights()`. */
  readonly weights: readonly VariableEndpoint[];
  /** The optimizer's slots. */
  readonly slots: readonly VariableEndpoint[];
}

/** How to write and read one variable. */
export interface VariableEndpoint {
  /** The weight's name, or `weight/slot`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Feed this and fetch `written` to set it. */
  readonly value: string;
  readonly written: string;
  /** Fetch this to read it. */
  readonly read: string;
}

/** Writes the whole graph: variables, the training step, evaluation and prediction. */
export function emitTrainable(
  graph: Graph,
  spec: TrainableSpec,
): { endpoints: Endpoints; signatures: Record<string, Signature> } {
  const rule = optimizerRule(spec.optimizer);
  const variables = emitVariables(graph, spec.model, rule);
  const inputs = emitInputs(graph, spec, rule);
  const train = graph.within('train', () => emitTraining(graph, spec, { rule, variables, inputs }));
  const read = (weight: number) => variables.weights[weight]!.read;
  const inference = graph.within('predict', () => emitInference(graph, spec, { read, inputs }));
  return {
    endpoints: {
      images: { uint8: reference(inputs.uint8), float32: reference(inputs.float32) },
      labels: reference(inputs.labels),
      learningRate: reference(inputs.learningRate),
      seed: inputs.seed.used ? reference(inputs.seed.tensor()) : undefined,
      fed: Object.fromEntries(Object.entries(inputs.fed).map(([name, tensor]) => [name, reference(tensor)])),
      train: reference(train),
      perSample: reference(inference.perSample),
      probabilities: reference(inference.probabilities),
      weights: variables.weights.map(variableEndpoint),
      slots: variables.slots.map(variableEndpoint),
    },
    signatures: signaturesOf(inputs, { train, ...inference }),
  };
}

/** The same endpoints as signatures, for whoever opens the graph with other tools. */
function signaturesOf(
  { uint8: images, labels, learningRate, fed, seed }: Inputs,
  { train, perSample, probabilities }: { train: Tensor; perSample: Tensor; probabilities: Tensor },
): Record<string, Signature> {
  const seeds = seed.used ? { seed: seed.tensor() } : {};
  return {
    train: {
      inputs: { images, labels, learning_rate: learningRate, ...fed, ...seeds },
      outputs: { result: train },
    },
    evaluate: { inputs: { images, labels }, outputs: { loss: perSample, probabilities } },
    predict: { inputs: { images }, outputs: { probabilities } },
  };
}

/** A tensor as a run names it: `node:index`. */
const reference = ({ name }: Tensor) => (name.includes(':') ? name : `${name}:0`);

function variableEndpoint({ name, variable, value, written, read }: NamedVariable): VariableEndpoint {
  return {
    name,
    shape: variable.shape,
    value: reference(value),
    written: reference(written),
    read: reference(read),
  };
}
