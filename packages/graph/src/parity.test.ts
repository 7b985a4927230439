import { readFileSync } from 'node:fs';
import { randomStream } from '@atelier/core';
import { runPython } from '@atelier/readers';
import type { LayersModel } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { compile, type CompileOptions } from './compile.js';
import { loadBinding } from './native/binding.js';
import { openSession } from './session/train-session.js';
import type { LabelledBatch } from './session/batch.js';

// Ten steps in TensorFlow's session against ten steps in Keras: same start, same batches.

const classes = 4;
const size = 12;
const count = 8;
const steps = 10;

/** Loss: absolute. Weights: absolute, where weights are below about 1. Reached: see the README. */
const lossTolerance = 5e-6;
const weightTolerance = 5e-6;
/** How far ten steps must have moved some number of every trained weight, so that the comparison means something. */
const leastMove = 1e-4;

interface Case extends CompileOptions {
  title: string;
  model: () => LayersModel;
  /** Learning rate of each step, where it is not the optimizer's. */
  learningRate?: (step: number) => number;
}

const { layers } = tf;
// keeps tfjs's advertisement for its native backend out of the output
tf.env().set('IS_TEST', true);
const picture = [size, size, 3];

/** The seed's network, small. */
const seedNetwork = () =>
  tf.sequential({
    layers: [
      layers.rescaling({ scale: 1 / 255, inputShape: picture } as never),
      layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 6, kernelSize: 3, padding: 'same', activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.dropout({ rate: 0 }),
      layers.flatten(),
      layers.dense({ units: 8, activation: 'relu' }),
      layers.dense({ units: classes, activation: 'softmax' }),
    ],
  });

const scaled = () => layers.rescaling({ scale: 1 / 127.5, offset: -1, inputShape: picture } as never);

const convolutions = () =>
  tf.sequential({
    layers: [
      scaled(),
      layers.conv2d({ filters: 5, kernelSize: [3, 2], strides: [2, 1], padding: 'same', activation: 'tanh' }),
      layers.conv2d({
        filters: 4,
        kernelSize: 3,
        dilationRate: 2,
        padding: 'same',
        useBias: false,
        activation: 'elu',
      }),
      layers.averagePooling2d({ poolSize: [2, 3], strides: [1, 2], padding: 'same' }),
      layers.conv2d({
        filters: 4,
        kernelSize: 2,
        dilationRate: [2, 3],
        padding: 'valid',
        activation: 'softplus',
      }),
      layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
      layers.globalAveragePooling2d({} as never),
      layers.dense({ units: 6, activation: 'sigmoid' }),
      layers.dense({ units: classes }),
      layers.activation({ activation: 'softmax' }),
    ],
  });

const separable = () =>
  tf.sequential({
    layers: [
      scaled(),
      layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same', activation: 'selu' }),
      layers.separableConv2d({
        filters: 5,
        kernelSize: 3,
        strides: 2,
        padding: 'valid',
        activation: 'relu6',
      }),
      layers.batchNormalization(),
      layers.reLU(),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.separableConv2d({
        filters: 4,
        kernelSize: 2,
        dilationRate: 2,
        padding: 'same',
        activation: 'softsign',
      }),
      layers.batchNormalization({ momentum: 0.9, epsilon: 1e-4 }),
      layers.leakyReLU({ alpha: 0.2 }),
      layers.globalMaxPooling2d({} as never),
      layers.dense({ units: classes, useBias: false }),
      layers.batchNormalization({ scale: false }),
      layers.softmax({ axis: -1 }),
    ],
  });

/** Residual and dense connections, padding, layer normalisation, shared layers. */
const functional = () => {
  const input = tf.input({ shape: picture });
  const start = layers.rescaling({ scale: 1 / 255 } as never).apply(input);
  const padded = layers
    .zeroPadding2d({
      padding: [
        [1, 2],
        [0, 1],
      ],
    })
    .apply(start);
  const left = layers.conv2d({ filters: 4, kernelSize: 3, activation: 'swish' }).apply(padded);
  const shared = layers.conv2d({ filters: 4, kernelSize: 1, activation: 'gelu' as never });
  const right = shared.apply(left);
  const sharedNorm = layers.batchNormalization({ momentum: 0.7 });
  const again = sharedNorm.apply(shared.apply(sharedNorm.apply(right) as tf.SymbolicTensor));
  const sum = layers.add().apply([left, right, again] as tf.SymbolicTensor[]);
  const normalized = layers.layerNormalization({ epsilon: 1e-3 }).apply(sum);
  const gate = layers.activation({ activation: 'sigmoid' }).apply(left);
  const gated = layers.multiply().apply([normalized, gate] as tf.SymbolicTensor[]);
  const joined = layers.concatenate().apply([gated, sum, left] as tf.SymbolicTensor[]);
  const pooled = layers.averagePooling2d({ poolSize: 4 }).apply(joined);
  const folded = layers.reshape({ targetShape: [6, 12] }).apply(pooled);
  const each = layers.dense({ units: 3, activation: 'tanh' }).apply(folded);
  const flat = layers.flatten().apply(each);
  const output = layers.dense({ units: classes, activation: 'softmax' }).apply(flat);
  return tf.model({ inputs: input, outputs: output as tf.SymbolicTensor });
};

const regularized = () =>
  tf.sequential({
    layers: [
      scaled(),
      layers.conv2d({
        filters: 4,
        kernelSize: 3,
        kernelRegularizer: tf.regularizers.l2({ l2: 0.02 }),
        biasRegularizer: tf.regularizers.l1({ l1: 0.01 }),
        activation: 'relu',
      }),
      layers.batchNormalization({ gammaRegularizer: tf.regularizers.l2({ l2: 0.01 }) }),
      layers.averagePooling2d({ poolSize: 5 }),
      layers.flatten(),
      layers.dense({
        units: classes,
        kernelRegularizer: tf.regularizers.l1l2({ l1: 0.003, l2: 0.01 }),
        activation: 'softmax',
      }),
    ],
  });

/** A backbone as a model of its own, frozen up to its last convolution, under a new head. */
const transfer = () => {
  const backbone = tf.sequential({
    name: 'backbone',
    layers: [
      scaled(),
      layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' }),
      layers.batchNormalization(),
      layers.conv2d({ filters: 5, kernelSize: 3, activation: 'relu' }),
      layers.batchNormalization(),
    ],
  });
  backbone.layers.slice(0, 3).forEach((layer) => (layer.trainable = false));
  backbone.layers[4]!.trainable = false;
  const input = tf.input({ shape: picture });
  const features = backbone.apply(input);
  const pooled = layers.globalAveragePooling2d({} as never).apply(features);
  const output = layers.dense({ units: classes, activation: 'softmax' }).apply(pooled);
  return tf.model({ inputs: input, outputs: output as tf.SymbolicTensor });
};

const sgd: CompileOptions = { optimizer: { name: 'sgd', learningRate: 0.05 } };

const cases: Case[] = [
  { title: 'sgd', model: seedNetwork, ...sgd },
  { title: 'sgd with momentum', model: seedNetwork, optimizer: { name: 'sgd', momentum: 0.9 } },
  {
    title: 'sgd with Nesterov momentum',
    model: seedNetwork,
    optimizer: { name: 'sgd', learningRate: 0.02, momentum: 0.8, nesterov: true },
  },
  { title: 'rmsprop', model: seedNetwork, optimizer: { name: 'rmsprop' } },
  {
    title: 'rmsprop with momentum',
    model: seedNetwork,
    optimizer: { name: 'rmsprop', momentum: 0.1, rho: 0.8 },
  },
  { title: 'adam', model: seedNetwork, optimizer: { name: 'adam', learningRate: 0.002 } },
  { title: 'adamw', model: seedNetwork, optimizer: { name: 'adamw', weightDecay: 0.1 } },
  { title: 'adam, clipped', model: seedNetwork, optimizer: { name: 'adam' }, globalClipNorm: 0.05 },
  { title: 'sgd, clipped', model: seedNetwork, ...sgd, globalClipNorm: 0.3 },
  {
    title: 'a learning rate of its own at each step',
    model: seedNetwork,
    optimizer: { name: 'rmsprop' },
    learningRate: (step) => 0.002 / (1 + step),
  },
  { title: 'class weights', model: seedNetwork, ...sgd, classWeights: [0.5, 2, 0, 1.25] },
  { title: 'label smoothing', model: seedNetwork, ...sgd, labelSmoothing: 0.2 },
  { title: 'one-hot labels', model: seedNetwork, ...sgd, loss: 'categoricalCrossentropy' },
  {
    title: 'one-hot labels, smoothed and weighted',
    model: seedNetwork,
    ...sgd,
    loss: 'categoricalCrossentropy',
    labelSmoothing: 0.1,
    classWeights: [1, 0.2, 3, 1],
  },
  { title: 'convolutions and poolings', model: convolutions, ...sgd },
  { title: 'depthwise and separable convolutions, batch normalisation', model: separable, ...sgd },
  { title: 'a functional model', model: functional, ...sgd },
  { title: 'regularizers', model: regularized, ...sgd },
  { title: 'a partly frozen backbone', model: transfer, ...sgd },
];

/** Batches that differ in size as the last one of an epoch does. */
function batchesOf({ title, loss, learningRate }: Case): (LabelledBatch & { learningRate?: number })[] {
  const random = randomStream(7, ['parity', title]);
  return Array.from({ length: steps }, (_, step) => {
    const pictures = step === steps - 1 ? count - 3 : count;
    const images = Uint8Array.from({ length: pictures * size * size * 3 }, () => random.below(256));
    const indices = Int32Array.from({ length: pictures }, () => random.below(classes));
    const oneHot = new Float32Array(pictures * classes);
    indices.forEach((index, row) => (oneHot[row * classes + index] = 1));
    return {
      images,
      labels: loss === 'categoricalCrossentropy' ? oneHot : indices,
      count: pictures,
      ...(learningRate && { learningRate: learningRate(step) }),
    };
  });
}

/** Weights away from their starting values of 0 and 1, so that none of them hides. */
function shake(model: LayersModel, title: string): void {
  const random = randomStream(7, ['weights', title]);
  const shaken = model.weights.map((weight) => {
    const fan = weight.shape.slice(0, -1).reduce<number>((product, axis) => product * (axis ?? 1), 1);
    const spread = weight.shape.length > 1 ? Math.sqrt(3 / fan) : 0.2;
    const centre = /gamma|variance/.test(weight.originalName) ? 1 : 0;
    const length = weight.shape.reduce<number>((product, axis) => product * (axis ?? 1), 1);
    const values = Float32Array.from({ length }, () => centre + random.uniform(-spread, spread));
    return tf.tensor(values, weight.shape as number[]);
  });
  model.setWeights(shaken);
}

interface Outcome {
  losses: number[];
  weights: number[][];
  probabilities: number[];
}

interface Run {
  /** What Keras is asked to do. */
  request: object;
  outcome: Outcome;
  /** How far each weight went, and whether it is trained. */
  moves: { name: string; trainable: boolean; distance: number }[];
}

function runHere(each: Case): Run {
  const model = each.model();
  shake(model, each.title);
  const graph = compile(model, each);
  const batches = batchesOf(each);
  const session = openSession(graph, loadBinding());
  try {
    const first = batches[0]!;
    const before = Array.from(session.predict(first.images, first.count));
    expect(largestDifference(before, predictByTfjs(model, first))).toBeLessThan(2e-6);
    const losses = batches.map((batch) => session.trainStep(batch).loss);
    const weights = session.getWeights().map(({ values }) => Array.from(values));
    const { title: _title, model: _model, learningRate: _rate, ...options } = each;
    const start = graph.initialWeights.map((values) => Array.from(values));
    return {
      request: {
        ...options,
        classes,
        model: graph.model,
        weights: start,
        batches: batches.map(({ images, labels, ...rest }) => ({
          images: Array.from(images),
          labels: Array.from(labels),
          ...rest,
        })),
      },
      outcome: {
        losses,
        weights,
        probabilities: Array.from(session.predict(first.images, first.count)),
      },
      moves: graph.model.weights.map(({ name, trainable }, index) => ({
        name,
        trainable,
        distance: largestDifference(weights[index]!, start[index]!),
      })),
    };
  } finally {
    session.dispose();
  }
}

const asTensor = ({ images, count: pictures }: LabelledBatch) =>
  tf.tensor(Float32Array.from(images), [pictures, ...picture]);

const predictByTfjs = (model: LayersModel, batch: LabelledBatch) =>
  Array.from((model.predict(asTensor(batch)) as tf.Tensor).dataSync());

function largestDifference(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index]!)), 0);
}

describe('ten steps here and in Keras', () => {
  const here = new Map<string, Run>();
  const keras = new Map<string, Outcome>();

  beforeAll(async () => {
    await tf.setBackend('cpu');
    for (const each of cases) here.set(each.title, runHere(each));
    const script = readFileSync(new URL('./parity.test.py', import.meta.url), 'utf8');
    const answers = runPython(
      script,
      cases.map(({ title }) => here.get(title)!.request),
    ) as Outcome[];
    cases.forEach(({ title }, index) => keras.set(title, answers[index]!));
  }, 120_000);

  it.each(cases.map(({ title }) => title))('%s', (title) => {
    const ours = here.get(title)!.outcome;
    const theirs = keras.get(title)!;
    const differences = {
      loss: largestDifference(ours.losses, theirs.losses),
      weights: Math.max(
        ...ours.weights.map((values, index) => largestDifference(values, theirs.weights[index]!)),
      ),
      probabilities: largestDifference(ours.probabilities, theirs.probabilities),
    };
    if (process.env['SHOW_PARITY']) process.stderr.write(`${title}: ${JSON.stringify(differences)}\n`);
    for (const { name, trainable, distance } of here.get(title)!.moves) {
      if (trainable) expect([name, distance > leastMove]).toEqual([name, true]);
    }
    expect(differences.loss).toBeLessThan(lossTolerance);
    expect(differences.weights).toBeLessThan(weightTolerance);
    expect(differences.probabilities).toBeLessThan(weightTolerance);
  });
});

it('three steps of gradient descent give the weights that tfjs itself gives', async () => {
  await tf.setBackend('cpu');
  const model = seedNetwork();
  shake(model, 'tfjs');
  const session = openSession(compile(model, sgd), loadBinding());
  try {
    model.compile({ optimizer: tf.train.sgd(0.05), loss: 'sparseCategoricalCrossentropy' });
    const [reference, ours]: number[][] = [[], []];
    for (const batch of batchesOf({ title: 'tfjs', model: seedNetwork, ...sgd }).slice(0, 3)) {
      const labels = tf.tensor(Float32Array.from(batch.labels), [batch.count, 1]);
      reference!.push((await model.trainOnBatch(asTensor(batch), labels)) as number);
      ours!.push(session.trainStep(batch).loss);
    }
    expect(largestDifference(ours!, reference!)).toBeLessThan(lossTolerance);
    const theirs = model.getWeights().map((weight) => Array.from(weight.dataSync()));
    session.getWeights().forEach(({ values }, index) => {
      expect(largestDifference(Array.from(values), theirs[index]!)).toBeLessThan(weightTolerance);
    });
  } finally {
    session.dispose();
  }
});
