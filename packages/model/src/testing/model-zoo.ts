/** For tests only: small models that hold every kind of layer that packages/graph compiles. */
import { parseDatasetConfig, randomStream } from '@atelier/core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs';
import { seedModel } from '../architecture/seed-model.js';
import { loadTfjs, type Tfjs } from '../load-tfjs.js';
import type { ModelMetadata } from '../metadata.js';

const HEIGHT = 12;
const WIDTH = 10;
const CLASS_NAMES = ['Ä b', '🎨', 'c'];

const { quarantineBudget: _quarantineBudget, ...limits } = parseDatasetConfig({}, 'dataset.json').limits;

/** What a run would keep with such a model. */
export const zooMetadata: ModelMetadata = {
  formatVersion: 1,
  runId: 'run-0001',
  classNames: CLASS_NAMES,
  input: { height: HEIGHT, width: WIDTH, channels: 3, valueRange: [0, 255], dtype: 'uint8' },
  resize: parseDatasetConfig({ resize: { width: WIDTH, height: HEIGHT } }, 'dataset.json').resize,
  normalize: { mean: null, std: null },
  limits: { ...limits, maxPixels: 1_000_000 },
  versions: { tensorflow: '2.21.0' },
  trainedOn: { 'normalized/manifest.jsonl': 'ab' },
};

/** Golden pictures, uint8 [count, height, width, 3]. */
export function zooPictures(count: number): Uint8Array {
  const random = randomStream(5, ['pictures']);
  return Uint8Array.from({ length: count * HEIGHT * WIDTH * 3 }, () => random.below(256));
}

/** The models by name; each has weights away from their starting values. */
export async function modelZoo(): Promise<Record<string, LayersModel>> {
  const tf = await loadTfjs();
  const seed = await seedModel({
    shape: [HEIGHT, WIDTH, 3],
    classes: CLASS_NAMES.length,
    network: { filters: [4, 4], dropout: 0.5, denseUnits: 8 },
    standardize: { mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] },
    seed: 3,
  });
  return {
    seed,
    branches: drawWeights(tf, branches(tf)),
    convolutions: drawWeights(tf, convolutions(tf)),
    activations: drawWeights(tf, activations(tf)),
    nested: drawWeights(tf, nested(tf)),
  };
}

type Value = SymbolicTensor;
const input = (tf: Tfjs) => tf.input({ shape: [HEIGHT, WIDTH, 3], name: 'input' });
const scaled = (tf: Tfjs, x: Value) =>
  tf.layers.rescaling({ name: 'scale', scale: 1 / 127.5, offset: -1 }).apply(x) as Value;
const classify = (tf: Tfjs, x: Value) =>
  tf.layers.dense({ name: 'classes', units: CLASS_NAMES.length, activation: 'softmax' }).apply(x) as Value;

/** Branches of several depths with layers of one class, a shared layer, and everything that merges. */
function branches(tf: Tfjs): LayersModel {
  const { layers } = tf;
  const start = input(tf);
  const x = scaled(tf, start);
  const conv = (name: string, from: Value, filters = 4) =>
    layers.conv2d({ name, filters, kernelSize: 3, padding: 'same', activation: 'relu' }).apply(from) as Value;
  const shared = layers.conv2d({ name: 'shared', filters: 4, kernelSize: 1, kernelRegularizer: 'l1l2' });
  const deep = conv('deep_2', conv('deep_1', x));
  const flat = layers
    .averagePooling2d({ name: 'same', poolSize: 3, strides: 1, padding: 'same' })
    .apply(shared.apply(x) as Value) as Value;
  const sum = layers.add({ name: 'add' }).apply([deep, flat, shared.apply(x) as Value]) as Value;
  const gate = layers.activation({ name: 'gate', activation: 'sigmoid' }).apply(conv('side', x)) as Value;
  const product = layers.multiply({ name: 'multiply' }).apply([sum, gate]) as Value;
  const joined = layers.concatenate({ name: 'join' }).apply([product, conv('last', x, 2)]) as Value;
  const means = layers.globalAveragePooling2d({ name: 'means' }).apply(joined) as Value;
  const peaks = layers.globalMaxPooling2d({ name: 'peaks' }).apply(joined) as Value;
  const both = layers.concatenate({ name: 'both' }).apply([means, peaks]) as Value;
  return tf.model({ name: 'branches', inputs: start, outputs: classify(tf, both) });
}

/** Every way of convolving, padding, pooling and normalizing. */
function convolutions(tf: Tfjs): LayersModel {
  const { layers } = tf;
  return tf.sequential({
    name: 'convolutions',
    layers: [
      layers.rescaling({ name: 'scale', scale: 1 / 255, inputShape: [HEIGHT, WIDTH, 3] }),
      layers.zeroPadding2d({
        name: 'pad',
        padding: [
          [1, 0],
          [2, 1],
        ],
      }),
      layers.conv2d({
        name: 'strided',
        filters: 5,
        kernelSize: [3, 2],
        strides: 2,
        padding: 'same',
        useBias: false,
      }),
      layers.batchNormalization({ name: 'norm' }),
      layers.conv2d({ name: 'dilated', filters: 4, kernelSize: 3, dilationRate: [2, 1], padding: 'same' }),
      layers.separableConv2d({
        name: 'separable',
        filters: 6,
        kernelSize: 3,
        padding: 'same',
      }),
      layers.separableConv2d({
        name: 'dilated_separable',
        filters: 6,
        kernelSize: 3,
        dilationRate: 2,
        padding: 'same',
      }),
      layers.batchNormalization({ name: 'plain_norm', scale: false, center: false, epsilon: 0.01 }),
      layers.depthwiseConv2d({
        name: 'depthwise',
        kernelSize: 3,
        depthMultiplier: 2,
        padding: 'same',
        strides: [1, 1],
      }),
      layers.maxPooling2d({ name: 'pool', poolSize: [2, 3], strides: [1, 2], padding: 'same' }),
      layers.layerNormalization({ name: 'layer_norm' }),
      layers.dropout({ name: 'dropout', rate: 0.3, noiseShape: [null as unknown as number, 1, 1, 12] }),
      layers.reshape({ name: 'reshape', targetShape: [56, 6] }),
      layers.dense({ name: 'rows', units: 2 }),
      layers.flatten({ name: 'flatten' }),
      layers.batchNormalization({ name: 'row_norm' }),
      layers.dense({ name: 'classes', units: CLASS_NAMES.length }),
      layers.softmax({ name: 'softmax' }),
    ],
  });
}

/** Activations that every format has, and that Keras 3 defines as TF.js does. */
const ACTIVATIONS = [
  ...(['linear', 'relu', 'relu6', 'elu', 'selu', 'sigmoid', 'tanh'] as const),
  ...(['softplus', 'softsign', 'swish', 'gelu'] as const),
];

/** Every activation, as an option and as a layer. */
function activations(tf: Tfjs): LayersModel {
  const { layers } = tf;
  const start = input(tf);
  const flat = layers.flatten({ name: 'flatten' }).apply(scaled(tf, start)) as Value;
  const each = ACTIVATIONS.map(
    (activation) => layers.dense({ name: activation, units: 4, activation }).apply(flat) as Value,
  );
  const joined = layers.concatenate({ name: 'joined' }).apply(each) as Value;
  const asLayers = [
    layers.activation({ name: 'act', activation: 'tanh' }),
    layers.reLU({ name: 're', maxValue: 2 }),
    layers.leakyReLU({ name: 'leaky', alpha: 0.2 }),
    layers.elu({ name: 'elu_layer' }),
    layers.reLU({ name: 'plain_re' }),
  ].map((layer) => layer.apply(joined) as Value);
  const all = layers.add({ name: 'add' }).apply(asLayers) as Value;
  return tf.model({ name: 'activations', inputs: start, outputs: classify(tf, all) });
}

/** A model within a model. */
function nested(tf: Tfjs): LayersModel {
  const inner = tf.sequential({
    name: 'inner',
    layers: [
      tf.layers.conv2d({ name: 'conv', filters: 3, kernelSize: 3, inputShape: [HEIGHT, WIDTH, 3] }),
      tf.layers.batchNormalization({ name: 'norm', trainable: false }),
    ],
  });
  const start = input(tf);
  const once = inner.apply(scaled(tf, start)) as Value;
  const pooled = tf.layers.globalAveragePooling2d({ name: 'pool' }).apply(once) as Value;
  return tf.model({ name: 'nested', inputs: start, outputs: classify(tf, pooled) });
}

/** Draws weights, variances above 0. */
function drawWeights(tf: Tfjs, model: LayersModel): LayersModel {
  const random = randomStream(7, [model.name]);
  tf.tidy(() =>
    model.setWeights(
      model.weights.map(({ originalName, shape }) => {
        const size = (shape as number[]).reduce((product, side) => product * side, 1);
        const reach = Math.min(0.6, 5 / Math.sqrt(size));
        const lift = originalName.endsWith('variance') || originalName.endsWith('gamma') ? 0.7 : 0;
        const values = Float32Array.from({ length: size }, () => random.uniform(-reach, reach) + lift);
        return tf.tensor(values, shape as number[]);
      }),
    ),
  );
  return model;
}
