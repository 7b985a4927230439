import { permutation, randomStream } from '@atelier/core';
import * as tf from '@tensorflow/tfjs';
import type { layers as Layers, SymbolicTensor } from '@tensorflow/tfjs';
import { createGraph } from '../build/graph.js';
import { savedModelBytes } from '../build/saved-model.js';
import { knownSize, type Tensor } from '../build/tensor.js';
import { describeModel } from '../model/describe-model.js';
import { emitBackward, emitForward, type Network } from '../model/network.js';
import { planSteps } from '../model/plan-steps.js';
import { loadBinding } from '../native/binding.js';
import { loadSession, type Feed } from '../session/native-session.js';
import type { Step } from './layer.js';

// Every layer's backward pass against central differences of its own forward pass, in the direction of a random
// change of the input and of each weight.

const { layers } = tf;
// keeps tfjs's advertisement for its native backend out of the output
tf.env().set('IS_TEST', true);
const batch = 4;

type Apply = (input: SymbolicTensor) => SymbolicTensor;
const one =
  (layer: Layers.Layer): Apply =>
  (input) =>
    layer.apply(input) as SymbolicTensor;

interface Case {
  shape?: number[];
  apply: Apply;
  /** Inputs lie between plus and minus this; default 1.5. */
  reach?: number;
}

const picture = [5, 6, 3];
const cases: Record<string, Case> = {
  rescaling: { apply: one(layers.rescaling({ scale: 0.5, offset: -0.25 } as never)) },
  conv2d: { apply: one(layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' })) },
  'conv2d with strides': { apply: one(layers.conv2d({ filters: 2, kernelSize: [2, 3], strides: [2, 1] })) },
  'conv2d with dilation': { apply: one(layers.conv2d({ filters: 2, kernelSize: 2, dilationRate: [2, 3] })) },
  'conv2d with dilation and same padding': {
    apply: one(layers.conv2d({ filters: 2, kernelSize: 3, dilationRate: 2, padding: 'same' })),
  },
  depthwiseConv2d: {
    apply: one(layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' })),
  },
  separableConv2d: { apply: one(layers.separableConv2d({ filters: 4, kernelSize: 3, strides: 2 })) },
  'separableConv2d with dilation': {
    apply: one(layers.separableConv2d({ filters: 2, kernelSize: 2, dilationRate: 2, padding: 'same' })),
  },
  maxPooling2d: { apply: one(layers.maxPooling2d({ poolSize: 2, padding: 'same' })) },
  'maxPooling2d, overlapping': { apply: one(layers.maxPooling2d({ poolSize: 3, strides: 1 })) },
  averagePooling2d: { apply: one(layers.averagePooling2d({ poolSize: [2, 3], padding: 'same' })) },
  globalAveragePooling2d: { apply: one(layers.globalAveragePooling2d({} as never)) },
  globalMaxPooling2d: { apply: one(layers.globalMaxPooling2d({} as never)) },
  zeroPadding2d: {
    apply: one(
      layers.zeroPadding2d({
        padding: [
          [0, 1],
          [2, 1],
        ],
      }),
    ),
  },
  batchNormalization: { apply: one(layers.batchNormalization()) },
  'batchNormalization of rows': { shape: [7], apply: one(layers.batchNormalization({ center: false })) },
  'batchNormalization, frozen': { apply: one(layers.batchNormalization({ trainable: false, epsilon: 0 })) },
  layerNormalization: { apply: one(layers.layerNormalization({})) },
  dropout: { apply: one(layers.dropout({ rate: 0.4 })) },
  'dropout of whole channels': {
    apply: one(layers.dropout({ rate: 0.4, noiseShape: [null, 1, 1, null] as never })),
  },
  flatten: { apply: one(layers.flatten()) },
  reshape: { apply: one(layers.reshape({ targetShape: [10, 9] })) },
  dense: { shape: [7], apply: one(layers.dense({ units: 5 })) },
  'dense over pictures': { apply: one(layers.dense({ units: 2, useBias: false })) },
  softmax: { apply: one(layers.softmax({ axis: -1 })) },
  reLU: { apply: one(layers.reLU()) },
  'reLU with maxValue': { apply: one(layers.reLU({ maxValue: 0.8 })) },
  leakyReLU: { apply: one(layers.leakyReLU({ alpha: 0.2 })) },
  elu: { apply: one(layers.elu()) },
  add: { apply: (x) => layers.add().apply([x, x, x]) as SymbolicTensor },
  multiply: { apply: (x) => layers.multiply().apply([x, x, x]) as SymbolicTensor },
  concatenate: { apply: (x) => layers.concatenate({ axis: 1 }).apply([x, x]) as SymbolicTensor },
};
for (const name of [
  'relu',
  'relu6',
  'elu',
  'selu',
  'sigmoid',
  'tanh',
  'softplus',
  'softsign',
  'hardSigmoid',
  'swish',
  'gelu',
  'softmax',
]) {
  // far enough to pass the corners of relu6 and hardSigmoid
  cases[`activation ${name}`] = { apply: one(layers.activation({ activation: name as never })), reach: 8 };
}

const random = randomStream(11, ['gradients']);
const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);
const values = (shape: readonly number[], low: number, high: number) =>
  Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(low, high));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0);

/** The layer as a graph of its own: input, weights and output gradient are fed, output and gradients fetched. */
function open({ shape = picture, apply }: Case) {
  const source = tf.input({ shape });
  // a layer with a weight below it, so that the gradient of the layer's input is asked for; its own step is replaced
  const below = layers.batchNormalization().apply(source) as SymbolicTensor;
  const description = describeModel(tf.model({ inputs: source, outputs: apply(below) }));
  const graph = createGraph();
  const x = graph.placeholder('x', 'float32', [null, ...shape]);
  let inputGradient: Tensor | undefined;
  const input: Step = {
    name: 'input',
    forward: () => ({
      output: x,
      backward: (gradient) => {
        inputGradient = gradient;
        return { inputs: [undefined] };
      },
    }),
  };
  const steps = planSteps(description).map((planned, index) =>
    index === 0 ? { ...planned, step: input } : planned,
  );
  const weights = description.weights.map((weight) => ({
    ...weight,
    value: graph.placeholder(`w/${weight.name}`, 'float32', weight.shape),
  }));
  const seed = graph.constant(Int32Array.of(3, 4), [2]);
  const network: Network = {
    graph,
    training: true,
    compute: 'float32',
    weights,
    read: (weight) => weights[weight]!.value,
    assign: () => undefined,
    seed: () => seed,
  };
  const { results, output: y } = emitForward(network, steps, x);
  const dy = graph.placeholder('dy', 'float32', y.shape);
  const weightGradients = emitBackward(network, { steps, results }, dy);
  return {
    x: { tensor: x, shape: [batch, ...shape], gradient: inputGradient },
    weights: weights.map(({ value, shape: weightShape, name }, index) => ({
      name,
      tensor: value,
      shape: weightShape,
      gradient: weightGradients.get(index),
    })),
    y,
    dy: { tensor: dy, shape: [batch, ...y.shape.slice(1).map(knownSize)] },
    session: loadSession(loadBinding(), savedModelBytes(graph, {})),
  };
}

/** Numbers in random order, apart by more than the change made to them, so that no maximum and no kink is crossed. */
function distinctValues(shape: readonly number[], reach: number): Float32Array {
  const order = permutation(sizeOf(shape), random);
  return Float32Array.from(order, (rank) => ((rank + 0.5) / order.length) * 2 * reach - reach);
}

const tensorName = (tensor: Tensor) => (tensor.name.includes(':') ? tensor.name : `${tensor.name}:0`);

describe('the backward pass agrees with differences of the forward pass', () => {
  it.each(Object.keys(cases))('%s', (title) => {
    const { x, weights, y, dy, session } = open(cases[title]!);
    try {
      const upstream = values(dy.shape, -1, 1);
      const tensors = [
        { ...x, data: distinctValues(x.shape, cases[title]!.reach ?? 1.5) },
        ...weights.map((weight) => ({
          ...weight,
          data: /gamma|variance/.test(weight.name)
            ? values(weight.shape, 0.5, 1.5)
            : values(weight.shape, -0.6, 0.6),
        })),
      ];
      const feedsWith = (changed: number, data: Float32Array): Feed[] =>
        tensors.map((each, index) => ({
          tensor: tensorName(each.tensor),
          shape: each.shape,
          data: index === changed ? data : each.data,
        }));
      const dyFeed = { tensor: tensorName(dy.tensor), shape: dy.shape, data: upstream };
      let checked = 0;
      tensors.forEach(({ data, gradient }, index) => {
        if (gradient === undefined) return;
        const direction = Float32Array.from(data, () => random.uniform(-1, 1));
        const [slope] = session.run([...feedsWith(-1, data), dyFeed], [tensorName(gradient)]);
        const step = 1e-3;
        const [ahead, behind] = [step, -step].map((by) => {
          const moved = Float32Array.from(data, (value, at) => value + by * direction[at]!);
          return session.run(feedsWith(index, moved), [tensorName(y)])[0]!;
        });
        const expected =
          Array.from(ahead!).reduce((sum, value, at) => sum + (value - behind![at]!) * upstream[at]!, 0) /
          (2 * step);
        const scale = Math.sqrt(dot(slope!, slope!)) + 1e-3;
        expect(Math.abs(dot(slope!, direction) - expected) / scale).toBeLessThan(5e-3);
        checked += 1;
      });
      expect(checked).toBeGreaterThan(0);
    } finally {
      session.dispose();
    }
  });
});
