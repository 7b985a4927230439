import { types } from 'node:util';
import { AtelierError, printable } from '@atelier/core';
import type { TrainableGraph } from '../compile.js';
import type { VariableEndpoint } from '../emit-trainable.js';
import type { NativeBinding } from '../native/binding.js';
import { optimizerRule } from '../optimizers/registry.js';
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
 * @throws AtelierError NATIVE_FAILED where TensorFlow refuses the graph
 */
export function openSession(graph: TrainableGraph, binding: NativeBinding): TrainSession {
  const native = loadSession(binding, graph.savedModel);
  const { endpoints, model } = graph;
  const weightEndpoints = endpoints.variables.slice(0, model.weights.length);
  const slotEndpoints = endpoints.variables.slice(model.weights.length);
  let step = 0;

  const setWeights = (weights: readonly Float32Array[]) => {
    if (weights.length !== weightEndpoints.length) {
      throw misfit(`there are ${weights.length} arrays for ${weightEndpoints.length} weights`);
    }
    writeVariables(native, weightEndpoints, weights);
  };
  const setSlots = (slots: OptimizerState['slots'] | undefined) => {
    const unknown = Object.keys(slots ?? {}).find(
      (name) => !slotEndpoints.some((slot) => slot.name === name),
    );
    if (unknown !== undefined) throw misfit(`the optimizer has no slot "${unknown}"`);
    const values = slotEndpoints.map(({ name, shape }) => {
      const given = slots === undefined ? new Float32Array(sizeOf(shape)) : slots[name];
      if (given === undefined) throw misfit(`the state has no slot "${name}"`);
      return given;
    });
    writeVariables(native, slotEndpoints, values);
  };

  try {
    setWeights(graph.initialWeights);
    setSlots(undefined);
  } catch (error) {
    native.dispose();
    throw error;
  }

  return {
    get step() {
      return step;
    },
    trainStep(batch) {
      checkBatch(graph, batch);
      const feeds = [...batchFeeds(graph, batch), ...stepFeeds(graph, batch, step + 1)];
      const [result] = native.run(feeds, [endpoints.train]);
      step += 1;
      const [loss, dataLoss, correct] = result as unknown as [number, number, number];
      if (!Number.isFinite(loss)) throw lostLoss(loss, { step, batch });
      return { loss, dataLoss, correct };
    },
    evaluate(batch) {
      checkBatch(graph, batch);
      const [perSample, probabilities] = native.run(batchFeeds(graph, batch), [
        endpoints.perSample,
        endpoints.probabilities,
      ]) as [Float32Array, Float32Array];
      return { perSample, probabilities };
    },
    predict(images, count) {
      checkImages(graph, images, count);
      const [probabilities] = native.run([imageFeed(graph, images, count)], [endpoints.probabilities]);
      return probabilities as Float32Array;
    },
    getWeights: () => readVariables(native, weightEndpoints),
    setWeights,
    getState: () => ({
      step,
      slots: Object.fromEntries(
        readVariables(native, slotEndpoints).map(({ name, values }) => [name, values]),
      ),
    }),
    setState(state) {
      if (!(Number.isSafeInteger(state.step) && state.step >= 0))
        throw misfit(`the state's step is ${state.step}`);
      setSlots(state.slots);
      step = state.step;
    },
    dispose: () => native.dispose(),
  };
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

function writeVariables(
  native: NativeSession,
  endpoints: readonly VariableEndpoint[],
  values: readonly Float32Array[],
): void {
  endpoints.forEach(({ name, shape }, index) => {
    const given = values[index];
    if (!types.isFloat32Array(given)) throw misfit(`"${name}" is no Float32Array`);
    if (given.length !== sizeOf(shape)) {
      throw misfit(`"${name}" holds ${given.length} numbers, not ${sizeOf(shape)} (${shape.join(' x ')})`);
    }
  });
  if (endpoints.length === 0) return;
  const feeds = endpoints.map(({ value, shape }, index) => ({ tensor: value, shape, data: values[index]! }));
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
