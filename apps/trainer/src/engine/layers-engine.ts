import { AtelierError, randomStream } from '@atelier/core';
import { loadTfjs, type Tfjs } from '@atelier/model';
import type { LayersModel, layers, Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs';
import { checkBatch, type BatchShape } from './check-batch.js';
import { frozenLayersInfer } from './frozen-layers.js';
import { kerasOptimizer, type KerasOptimizer } from './keras-optimizer.js';
import { logitsOf } from './logits.js';
import { assignTensors, named, writeModelWeights, type NamedVariable } from './model-weights.js';
import type {
  EngineBatch,
  EngineInput,
  EngineState,
  NamedTensor,
  StepResult,
  TrainEngine,
  TrainStep,
} from './train-engine.js';

/**
 * Trains by TF.js's own LayersModel, op by op, on TF.js's current backend: the reference for the graph engine, and
 * what there is where native TensorFlow cannot be installed. Dropout is seeded per step, so a run can be repeated.
 * @param backend TF.js's name of the backend, already chosen and checked
 */
export async function layersEngine(
  { model, options }: EngineInput,
  backend: { readonly name: string; readonly title: string },
): Promise<TrainEngine> {
  if (options.precision !== 'float32') throw noMixedPrecision(options.precision);
  const tf = await loadTfjs();
  await tf.setBackend(backend.name);
  const trainable = model.trainableWeights.map(named);
  const session: Session = {
    tf,
    model,
    shape: {
      picture: model.inputs[0]?.shape.slice(1) as number[],
      classes: model.outputs[0]?.shape.at(-1) as number,
    },
    labelSmoothing: options.labelSmoothing,
    classWeights: options.classWeights,
    logits: logitsOf(tf, model),
    trainable,
    optimizer: kerasOptimizer(tf, options, trainable),
    iterations: 0,
  };
  const restoreLayers = frozenLayersInfer(model);
  return {
    name: 'layers',
    description: `layers (TensorFlow.js ${tf.version_core} on ${backend.title})`,
    versions: { tfjs: tf.version_core, backend: backend.title },
    train: async (batch, step) => trainStep(session, batch, step),
    evaluate: async (batch) => {
      checkBatch(batch, session.shape);
      const [probabilities, losses] = tf.tidy(() => {
        const logits = session.logits(pictures(session, batch), false);
        return [tf.softmax(logits), crossEntropies(session, logits, batch.labels)];
      });
      return { probabilities: take(probabilities as Tensor), losses: take(losses as Tensor) };
    },
    predict: async (pixels, count) => {
      const labels = new Int32Array(count); // stand-ins: only the shapes are checked
      checkBatch({ pixels, labels }, session.shape);
      return take(tf.tidy(() => tf.softmax(session.logits(pictures(session, { pixels, labels }), false))));
    },
    readState: async () => readState(session),
    writeState: async (state) => {
      writeModelWeights(tf, model, state.weights);
      assignTensors(tf, session.optimizer.slots, state.slots);
      session.iterations = state.iterations;
    },
    readWeights: async () => model.weights.map(named).map(read),
    writeWeights: async (weights) => writeModelWeights(tf, model, weights),
    dispose() {
      restoreLayers();
      session.optimizer.dispose();
    },
  };
}

interface Session {
  readonly tf: Tfjs;
  readonly model: LayersModel;
  readonly shape: BatchShape;
  readonly labelSmoothing: number;
  readonly classWeights: Float32Array | null;
  readonly logits: (pixels: Tensor, training: boolean) => Tensor2D;
  readonly trainable: readonly NamedVariable[];
  readonly optimizer: KerasOptimizer;
  iterations: number;
}

function pictures({ tf, shape }: Session, { pixels, labels }: EngineBatch): Tensor {
  return tf.tensor(new Float32Array(pixels), [labels.length, ...shape.picture]);
}

/** Cross-entropy of each row, from the logits; label smoothing as Keras' CategoricalCrossentropy. */
function crossEntropies(
  { tf, shape, labelSmoothing }: Session,
  logits: Tensor2D,
  labels: Int32Array,
): Tensor {
  const hard = tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), shape.classes), 'float32');
  const truth = tf.add(tf.mul(hard, 1 - labelSmoothing), labelSmoothing / shape.classes);
  return tf.neg(tf.sum(tf.mul(truth, tf.logSoftmax(logits)), 1));
}

/** Each picture's loss times the weight of its class. */
function weighted({ tf, classWeights }: Session, losses: Tensor, labels: Int32Array): Tensor {
  if (classWeights === null) return losses;
  return tf.mul(losses, tf.tensor1d(Float32Array.from(labels, (label) => classWeights[label] as number)));
}

function trainStep(session: Session, batch: EngineBatch, step: TrainStep): StepResult {
  const { tf, model } = session;
  checkBatch(batch, session.shape);
  const [loss, correct] = withDropoutSeeds(model, step.seed, () =>
    tf.tidy(() => update(session, batch, step.learningRate)),
  );
  session.iterations++;
  return { loss: take(loss)[0] as number, correct: take(correct)[0] as number };
}

/** One update of the variables. @returns the loss without regularization, and the number of hits; both kept */
function update(session: Session, batch: EngineBatch, learningRate: number): [Tensor, Tensor] {
  const { tf, model, trainable, optimizer, iterations } = session;
  let loss: Scalar | undefined;
  let hits: Tensor | undefined;
  const { grads } = tf.variableGrads(
    () => {
      const logits = session.logits(pictures(session, batch), true);
      const each = crossEntropies(session, logits, batch.labels);
      loss = tf.keep(tf.mean(weighted(session, each, batch.labels)));
      hits = tf.keep(tf.sum(tf.equal(tf.argMax(logits, 1), tf.tensor1d(batch.labels, 'int32'))));
      return model.calculateLosses().reduce<Scalar>((sum, penalty) => tf.add(sum, penalty), loss);
    },
    trainable.map(({ variable }) => variable),
  );
  const gradients = trainable.map(({ variable }) => grads[variable.name] as Tensor);
  optimizer.apply(gradients, { learningRate, iterations });
  return [loss as Tensor, hits as Tensor];
}

/** The values of a tensor, which is then freed. */
function take(tensor: Tensor): Float32Array {
  const values = tensor.dataSync();
  tensor.dispose();
  return values as Float32Array;
}

/**
 * Does something with a seed of its own for each dropout layer: without one TF.js draws its own, and with a lasting one
 * the same in each step.
 */
function withDropoutSeeds<T>(model: LayersModel, seed: number, work: () => T): T {
  const dropouts = (model.layers as readonly (layers.Layer & { seed?: number })[]).filter((layer) =>
    /Dropout/.test(layer.getClassName()),
  );
  const originals = dropouts.map((layer) => layer.seed);
  for (const layer of dropouts) {
    // TF.js takes 0 for "no seed"
    layer.seed = 1 + (randomStream(seed, ['dropout', layer.name]).uint32() >>> 1);
  }
  try {
    return work();
  } finally {
    dropouts.forEach((layer, i) => Object.assign(layer, { seed: originals[i] }));
  }
}

const read = ({ name, variable }: NamedVariable): NamedTensor => ({
  name,
  shape: variable.shape,
  values: new Float32Array(variable.dataSync()),
});

function readState({ model, optimizer, iterations }: Session): EngineState {
  return {
    weights: model.weights.map(named).map(read),
    slots: optimizer.slots.map(read),
    iterations,
  };
}

function noMixedPrecision(precision: string): AtelierError {
  return new AtelierError({
    code: 'CONFIG_INVALID',
    action: 'train with the layers engine',
    problem: `train.precision is ${precision}, and TensorFlow.js computes in float32 alone`,
    hint: 'Set train.precision to float32, or train with the graph engine ("npx atelier doctor" says what it needs).',
  });
}
