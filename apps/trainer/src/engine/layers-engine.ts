import { AtelierError, randomStream } from '@atelier/core';
import { loadTfjs, type Tfjs } from '@atelier/model';
import type {
  LayersModel,
  LayerVariable,
  layers,
  Scalar,
  Tensor,
  Tensor2D,
  Variable,
} from '@tensorflow/tfjs';
import { checkBatch, type BatchShape } from './check-batch.js';
import { frozenLayersInfer } from './frozen-layers.js';
import { kerasOptimizer, type KerasOptimizer } from './keras-optimizer.js';
import { logitsOf } from './logits.js';
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
    logits: logitsOf(tf, model),
    trainable,
    optimizer: kerasOptimizer(tf, options, trainable),
    iterations: 0,
  };
  const restoreLayers = frozenLayersInfer(model);
  return {
    name: 'layers',
    description: `layers (TensorFlow.js ${tf.version_core} on ${backend.title})`,
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
    writeState: async (state) => writeState(session, state),
    readWeights: async () => model.weights.map(named).map(read),
    dispose() {
      restoreLayers();
      session.optimizer.dispose();
    },
  };
}

interface NamedVariable {
  readonly name: string;
  readonly variable: Variable;
}

interface Session {
  readonly tf: Tfjs;
  readonly model: LayersModel;
  readonly shape: BatchShape;
  readonly labelSmoothing: number;
  readonly logits: (pixels: Tensor, training: boolean) => Tensor2D;
  readonly trainable: readonly NamedVariable[];
  readonly optimizer: KerasOptimizer;
  iterations: number;
}

/** A weight of the model, by its name in model.json. */
const named = (weight: LayerVariable): NamedVariable => ({
  name: weight.originalName,
  variable: weight.read() as Variable,
});

function pictures(
  { tf, shape }: Session,
  { pixels, labels }: Pick<EngineBatch, 'pixels' | 'labels'>,
): Tensor {
  return tf.tensor(Float32Array.from(pixels), [labels.length, ...shape.picture]);
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

function trainStep(session: Session, batch: EngineBatch, step: TrainStep): StepResult {
  const { tf, model, trainable, optimizer } = session;
  checkBatch(batch, session.shape);
  seedDropout(model, step.seed);
  const [loss, correct] = tf.tidy(() => {
    let data: Tensor | undefined;
    let hits: Tensor | undefined;
    const { grads } = tf.variableGrads(
      () => {
        const logits = session.logits(pictures(session, batch), true);
        const each = crossEntropies(session, logits, batch.labels);
        data = tf.keep(tf.mean(batch.weights === null ? each : tf.mul(each, tf.tensor1d(batch.weights))));
        const predicted = tf.argMax(logits, 1);
        hits = tf.keep(tf.sum(tf.equal(predicted, tf.tensor1d(batch.labels, 'int32'))));
        return model.calculateLosses().reduce<Scalar>((sum, penalty) => tf.add(sum, penalty), data as Scalar);
      },
      trainable.map(({ variable }) => variable),
    );
    const gradients = trainable.map(({ variable }) => grads[variable.name] as Tensor);
    optimizer.apply(gradients, { learningRate: step.learningRate, iterations: session.iterations });
    return [data as Tensor, hits as Tensor];
  });
  session.iterations++;
  return { loss: take(loss as Tensor)[0] as number, correct: take(correct as Tensor)[0] as number };
}

/** The values of a tensor, which is then freed. */
function take(tensor: Tensor): Float32Array {
  const values = tensor.dataSync();
  tensor.dispose();
  return values as Float32Array;
}

/** Gives each dropout layer a seed of its own for this step; TF.js draws anew only without one, and unseeded. */
function seedDropout(model: LayersModel, seed: number): void {
  for (const layer of model.layers as readonly (layers.Layer & { seed?: number })[]) {
    if (!/Dropout/.test(layer.getClassName())) continue;
    // TF.js's kernels take 0 for "no seed"
    layer.seed = 1 + (randomStream(seed, ['dropout', layer.name]).uint32() >>> 1);
  }
}

const read = ({ name, variable }: NamedVariable): NamedTensor => ({
  name,
  shape: variable.shape,
  values: Float32Array.from(variable.dataSync()),
});

function readState({ model, optimizer, iterations }: Session): EngineState {
  return {
    weights: model.weights.map(named).map(read),
    slots: optimizer.slots.map(read),
    iterations,
  };
}

function writeState(session: Session, state: EngineState): void {
  assign(session, { to: session.model.weights.map(named), from: state.weights });
  assign(session, { to: session.optimizer.slots, from: state.slots });
  session.iterations = state.iterations;
}

function assign(
  { tf }: Session,
  { to, from }: { to: readonly NamedVariable[]; from: readonly NamedTensor[] },
): void {
  const given = new Map(from.map((tensor) => [tensor.name, tensor]));
  for (const { name, variable } of to) {
    const tensor = given.get(name);
    if (tensor === undefined || tensor.values.length !== variable.size || from.length !== to.length) {
      throw new AtelierError({
        code: 'ARTIFACT_DAMAGED',
        action: 'restore the training state',
        problem:
          tensor === undefined
            ? `it does not hold "${name}"`
            : `"${name}" has ${tensor.values.length} values of ${variable.size}, among ${from.length} tensors of ${to.length}`,
        hint: 'Resume with the settings the run was started with, or start a new run.',
      });
    }
    tf.tidy(() => variable.assign(tf.tensor(Float32Array.from(tensor.values), variable.shape)));
  }
}
