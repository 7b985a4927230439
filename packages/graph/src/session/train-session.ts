import { types } from 'node:util';
import { AtelierError, printable } from '@atelier/core';
import type { TrainableGraph } from '../compile.js';
import type { VariableEndpoint } from '../assemble/trainable.js';
import type { NativeBinding } from '../native/binding.js';
import { optimizerRule } from '../optimizers/registry.js';
import { bfloat16Problem, thisProcessor } from './bfloat16.js';
import { checkBatch, checkImages, type Images, type LabelledBatch } from './batch.js';
import { loadSession, type Feed, type NativeSession } from './native-session.js';

/** A batch to train on. */
export interface TrainBatch extends LabelledBatch {
  /** Default: the optimizer's own. */
  readonly learningRate?: number;
  /** Seed of the run; with the number of the step it decides what dropout drops. Default 0. */
  readonly seed?: number;
}

/** What a training step gives. */
export interface StepOutcome {
  /** Mean loss of the batch before the update: weighted cross-entropy and regularization. */
  readonly loss: number;
  /** The same without regularization. */
  readonly dataLoss: number;
  /** How many pictures of the batch were classified rightly. */
  readonly correct: number;
}

/** What evaluating a batch gives. */
export interface Evaluation {
  /** Cross-entropy of each picture, without class weights, float32 [count]. */
  readonly perSample: Float32Array;
  /** float32 [count, classes], rows that sum to 1. */
  readonly probabilities: Float32Array;
}

/** Everything of the optimizer that lasts from step to step. */
export interface OptimizerState {
  /** Training steps done. */
  readonly step: number;
  /** The optimizer's slots by `weight/slot`: `conv2d_1/kernel/velocity`. */
  readonly slots: Readonly<Record<string, Float32Array>>;
}

/** A weight with its name, as tfjs saves it. */
export interface NamedWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * A model in training, in a session of TensorFlow's. Every call is synchronous and blocks its thread; keep it in a
 * worker thread where something else has to go on. A session belongs to the thread that opened it.
 */
export interface TrainSession {
  /** Training steps done. */
  readonly step: number;
  /** Trains on one batch. The loss is checked: a step that gave NaN or infinity throws, and the weights are lost. */
  trainStep(batch: TrainBatch): StepOutcome;
  /** Loss and probabilities of each picture, without training. */
  evaluate(batch: LabelledBatch): Evaluation;
  /** Probabilities, float32 [count, classes]. */
  predict(images: Images, count: number): Float32Array;
  /** The weights in the order of `LayersModel.getWeights()`. */
  getWeights(): NamedWeight[];
  /** Sets all weights, in the same order; the optimizer's state stays. */
  setWeights(weights: readonly Float32Array[]): void;
  /** The optimizer's state, to go on from later. */
  getState(): OptimizerState;
  /** Goes on from a state: with the same weights, batches and seed the next steps are the same, bit for bit. */
  setState(state: OptimizerState): void;
  /** Closes the session; calling it again does nothing. */
  dispose(): void;
}

/**
 * Opens a compiled graph in TensorFlow, with the weights it was compiled with and the optimizer at its beginning.
 * @param binding the native library, from `loadBinding()`
 * @param narrowProblem why mixed precision would gain nothing here, null where it gains; looked up when left out
 * @throws AtelierError NATIVE_FAILED where TensorFlow refuses the graph; CONFIG_INVALID where mixed precision is asked
 * for and would gain nothing
 */
export function openSession(
  graph: TrainableGraph,
  binding: NativeBinding,
  narrowProblem: string | null = graph.precision === 'float32' ? null : bfloat16Problem(thisProcessor()),
): TrainSession {
  if (graph.precision === 'mixed_bfloat16' && narrowProblem !== null) throw noGain(narrowProblem);
  const native = loadSession(binding, graph.savedModel);
  const { weights, slots } = graph.endpoints;
  let step = 0;
  const session: TrainSession = {
    get step() {
      return step;
    },
    trainStep(batch) {
      checkBatch(graph, batch);
      const outcome = runStep(native, graph, { batch, step: step + 1 });
      step += 1;
      if (!Number.isFinite(outcome.loss)) throw lostLoss(outcome.loss, { step, batch });
      return outcome;
    },
    evaluate(batch) {
      checkBatch(graph, batch);
      const fetches = [graph.endpoints.perSample, graph.endpoints.probabilities];
      const [perSample, probabilities] = native.run(batchFeeds(graph, batch), fetches);
      return { perSample: perSample as Float32Array, probabilities: probabilities as Float32Array };
    },
    predict(images, count) {
      checkImages(graph, images, count);
      const [probabilities] = native.run([imageFeed(graph, images, count)], [graph.endpoints.probabilities]);
      return probabilities as Float32Array;
    },
    getWeights: () => readVariables(native, weights),
    setWeights: (values) => writeVariables(native, weights, checkWeights(weights, values)),
    getState: () => ({
      step,
      slots: Object.fromEntries(readVariables(native, slots).map(({ name, values }) => [name, values])),
    }),
    setState(state) {
      writeVariables(native, slots, checkState(slots, state));
      step = state.step;
    },
    dispose: () => native.dispose(),
  };
  try {
    session.setWeights(graph.initialWeights);
    session.setState(initialState(slots));
  } catch (error) {
    session.dispose();
    throw error;
  }
  return session;
}

function runStep(
  native: NativeSession,
  graph: TrainableGraph,
  { batch, step }: { batch: TrainBatch; step: number },
): StepOutcome {
  const [result] = native.run(
    [...batchFeeds(graph, batch), ...stepFeeds(graph, batch, step)],
    [graph.endpoints.train],
  );
  const [loss, dataLoss, correct] = result as unknown as [number, number, number];
  return { loss, dataLoss, correct };
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

function imageFeed({ endpoints, model }: TrainableGraph, images: Images, count: number): Feed {
  const tensor = types.isUint8Array(images) ? endpoints.images.uint8 : endpoints.images.float32;
  return { tensor, shape: [count, ...model.inputShape], data: images };
}

function batchFeeds(graph: TrainableGraph, { images, labels, count }: LabelledBatch): Feed[] {
  const shape = types.isInt32Array(labels) ? [count] : [count, graph.classes];
  return [imageFeed(graph, images, count), { tensor: graph.endpoints.labels, shape, data: labels }];
}

/** The scalars of one training step. */
function stepFeeds({ endpoints, optimizer }: TrainableGraph, batch: TrainBatch, step: number): Feed[] {
  const { learningRate = optimizer.learningRate, seed = 0 } = batch;
  if (!(Number.isFinite(learningRate) && learningRate >= 0)) {
    throw misfit(`the learning rate is ${learningRate}, not a finite number of at least 0`);
  }
  if (!Number.isSafeInteger(seed)) throw misfit(`the seed is ${seed}, not a whole number`);
  const scalar = (tensor: string, value: number): Feed => ({
    tensor,
    shape: [],
    data: Float32Array.of(value),
  });
  const feeds = [scalar(endpoints.learningRate, learningRate)];
  for (const [name, value] of Object.entries(optimizerRule(optimizer).fedAt(step))) {
    feeds.push(scalar(endpoints.fed[name]!, value));
  }
  if (endpoints.seed !== undefined) {
    // upper and lower half of the seed both count
    const folded = (seed ^ Math.floor(seed / 2 ** 32)) | 0;
    feeds.push({ tensor: endpoints.seed, shape: [2], data: Int32Array.of(folded, step | 0) });
  }
  return feeds;
}

/** The optimizer's beginning: nothing done, every slot zero. */
function initialState(slots: readonly VariableEndpoint[]): OptimizerState {
  return {
    step: 0,
    slots: Object.fromEntries(slots.map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))])),
  };
}

function checkWeights(
  weights: readonly VariableEndpoint[],
  values: readonly Float32Array[],
): readonly Float32Array[] {
  if (values.length !== weights.length) {
    throw misfit(`there are ${values.length} arrays for ${weights.length} weights`);
  }
  return values;
}

/** The values of a state's slots, in the session's order. */
function checkState(slots: readonly VariableEndpoint[], state: OptimizerState): Float32Array[] {
  if (!(Number.isSafeInteger(state.step) && state.step >= 0))
    throw misfit(`the state's step is ${state.step}`);
  const unknown = Object.keys(state.slots).find((name) => !slots.some((slot) => slot.name === name));
  if (unknown !== undefined) throw misfit(`the optimizer has no slot "${unknown}"`);
  return slots.map(({ name }) => {
    const values = state.slots[name];
    if (values === undefined) throw misfit(`the state has no slot "${name}"`);
    return values;
  });
}

function writeVariables(
  native: NativeSession,
  endpoints: readonly VariableEndpoint[],
  values: readonly Float32Array[],
): void {
  if (endpoints.length === 0) return;
  const feeds = endpoints.map(({ name, shape, value }, index): Feed => {
    const data = values[index];
    if (!types.isFloat32Array(data)) throw misfit(`"${name}" is no Float32Array`);
    if (data.length !== sizeOf(shape)) {
      throw misfit(`"${name}" holds ${data.length} numbers, not ${sizeOf(shape)} (${shape.join(' x ')})`);
    }
    return { tensor: value, shape, data };
  });
  native.run(
    feeds,
    endpoints.map((endpoint) => endpoint.written),
  );
}

function readVariables(native: NativeSession, endpoints: readonly VariableEndpoint[]): NamedWeight[] {
  if (endpoints.length === 0) return [];
  const values = native.run(
    [],
    endpoints.map((endpoint) => endpoint.read),
  );
  return endpoints.map(({ name, shape }, index) => ({ name, shape, values: values[index] as Float32Array }));
}

function misfit(problem: string): AtelierError {
  return new AtelierError({
    code: 'INPUT_INVALID',
    action: 'use the training session',
    problem,
    hint: 'Give what the compiled model has: its weights, slots and options.',
  });
}

/** A loss that is no number: the step has already written it into the weights. */
function lostLoss(loss: number, { step, batch }: { step: number; batch: TrainBatch }): AtelierError {
  const { samples, count } = batch;
  const named = samples === undefined ? '' : `: ${samples.map(printable).join(', ')}`;
  return new AtelierError({
    code: 'TRAINING_FAILED',
    action: 'go on training',
    problem: `the loss of step ${step} is ${loss} on a batch of ${count}${named}`,
    hint: 'The weights are lost: go back to the last checkpoint, with a lower learning rate or a globalClipNorm.',
  });
}

function noGain(problem: string): AtelierError {
  return new AtelierError({
    code: 'CONFIG_INVALID',
    action: 'train in mixed_bfloat16',
    problem,
    hint: 'Train with the precision float32.',
  });
}
