import type { layers as Layers, LayersModel, SymbolicTensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { compile, type CompileOptions } from './compile.js';
import { decodeSavedModel } from './proto/codec.js';

const { layers } = tf;
// keeps tfjs's advertisement for its native backend out of the output
tf.env().set('IS_TEST', true);
const inputShape = [8, 8, 3];
const sgd: CompileOptions = { optimizer: { name: 'sgd' } };
type AnyLayer = Layers.Layer;

/** The layers, then the three classes. */
const withHead = (...body: AnyLayer[]) =>
  tf.sequential({ layers: [...body, layers.flatten(), layers.dense({ units: 3, activation: 'softmax' })] });

const convolution = (options: object = {}) =>
  layers.conv2d({ filters: 2, kernelSize: 3, inputShape, ...options } as never);

const functional = (build: (input: SymbolicTensor) => unknown, shape: (number | null)[] = inputShape) => {
  const input = tf.input({ shape });
  return tf.model({ inputs: input, outputs: build(input) as SymbolicTensor });
};

const classify = (features: unknown) =>
  layers.dense({ units: 3, activation: 'softmax' }).apply(layers.flatten().apply(features as SymbolicTensor));

const nodesOf = (model: LayersModel, options: Partial<CompileOptions> = {}) =>
  decodeSavedModel(compile(model, { ...sgd, ...options }).savedModel).metaGraphs[0]!.graphDef.node;

describe('compile refuses by name', () => {
  const refused: [string, () => LayersModel, RegExp][] = [
    [
      'a layer it does not know',
      () => withHead(convolution(), layers.upSampling2d({ name: 'up' })),
      /layer "up" \(UpSampling2D\) cannot be compiled/,
    ],
    [
      'an activation it does not know',
      () => withHead(convolution({ name: 'first', activation: 'mish' })),
      /layer "first" \(Conv2D\) has the activation "mish"/,
    ],
    [
      'channels first',
      () => withHead(convolution({ name: 'first', dataFormat: 'channelsFirst' })),
      /layer "first" \(Conv2D\) has dataFormat "channelsFirst"/,
    ],
    [
      'a constraint',
      () => withHead(convolution({ name: 'first', kernelConstraint: 'nonNeg' })),
      /weight "first\/kernel" has a constraint \(NonNeg\)/,
    ],
    [
      'batch normalisation of another axis',
      () => withHead(convolution(), layers.batchNormalization({ axis: 1, name: 'norm' })),
      /layer "norm" \(BatchNormalization\) normalises axis 1/,
    ],
    [
      'layer normalisation of several axes',
      () => withHead(convolution(), layers.layerNormalization({ axis: [1, 2], name: 'norm' })),
      /layer "norm" \(LayerNormalization\) normalises axes 1, 2/,
    ],
    [
      'dilation that tfjs itself ignores',
      () => withHead(layers.depthwiseConv2d({ kernelSize: 3, dilationRate: 2, name: 'deep', inputShape })),
      /layer "deep" \(DepthwiseConv2D\) has a dilationRate/,
    ],
    [
      'unequal strides of a depthwise convolution',
      () => withHead(layers.depthwiseConv2d({ kernelSize: 3, strides: [1, 2], name: 'deep', inputShape })),
      /layer "deep" \(DepthwiseConv2D\) has strides 1 and 2/,
    ],
    [
      'broadcasting',
      () =>
        functional((input) => {
          const one = layers.dense({ units: 1 }).apply(input);
          return classify(layers.add({ name: 'plus' }).apply([input, one as SymbolicTensor]));
        }),
      /layer "plus" \(Add\) broadcasts inputs of different shapes \(\?, 8, 8, 3\) and \(\?, 8, 8, 1\)/,
    ],
    [
      'several inputs',
      () => {
        const inputs = [tf.input({ shape: inputShape }), tf.input({ shape: inputShape })];
        return tf.model({ inputs, outputs: classify(layers.add().apply(inputs)) as SymbolicTensor });
      },
      /has 2 inputs and 1 outputs/,
    ],
    [
      'inputs without a size',
      () =>
        functional(
          (input) =>
            layers
              .dense({ units: 3, activation: 'softmax' })
              .apply(layers.globalAveragePooling2d({} as never).apply(input)),
          [null, null, 3],
        ),
      /takes inputs of no fixed size/,
    ],
    [
      'no softmax at the end',
      () => tf.sequential({ layers: [layers.dense({ units: 3, activation: 'sigmoid', inputShape: [4] })] }),
      /does not end in a softmax/,
    ],
    [
      'pictures at the end',
      () => tf.sequential({ layers: [layers.dense({ units: 3, activation: 'softmax', inputShape })] }),
      /gives outputs of 3 axes, not one row of classes/,
    ],
  ];

  it.each(refused)('%s', (_, build, message) => {
    const error = thrownBy(() => compile(build(), sgd));
    expect(error).toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      hint: expect.stringContaining('layers engine'),
    });
    expect(error.message).toMatch(message);
  });

  it('a softmax that is stated to give logits', () => {
    const model = withHead(convolution());
    expect(thrownBy(() => compile(model, { ...sgd, fromLogits: true })).message).toMatch(
      /outputs are no logits/,
    );
  });

  it.each([
    [{ optimizer: { name: 'adagrad' } }, /"adagrad" is none of sgd, rmsprop, adam, adamw/],
    [{ optimizer: { name: 'sgd', rho: 0.9 } }, /sgd has no option "rho"/],
    [{ optimizer: { name: 'adam', beta1: 1 } }, /beta1 of adam is 1, not a number in \[0, 1\)/],
    [{ optimizer: { name: 'rmsprop', epsilon: NaN } }, /epsilon of rmsprop is NaN/],
    [{ ...sgd, loss: 'meanSquaredError' }, /the loss "meanSquaredError" is none of/],
    [{ ...sgd, labelSmoothing: 1 }, /labelSmoothing is 1, not in \[0, 1\)/],
    [{ ...sgd, classWeights: [1, 1] }, /there are 2 classWeights for 3 classes/],
    [{ ...sgd, classWeights: [1, -1, 1] }, /the weight of class 1 is -1/],
    [{ ...sgd, globalClipNorm: 0 }, /globalClipNorm is 0/],
    [{ ...sgd, precision: 'bfloat16' }, /the precision "bfloat16" is none of float32, mixed_bfloat16/],
  ])('%j', (options, message) => {
    const error = thrownBy(() => compile(withHead(convolution()), options as never));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(error.message).toMatch(message);
  });
});

describe('the compiled graph', () => {
  it('is plain data that can be posted to a worker', () => {
    const graph = compile(withHead(convolution({ name: 'first' })), sgd);
    const copy = structuredClone(graph);
    expect(copy.savedModel).toEqual(graph.savedModel);
    expect(copy.model.weights.map(({ name }) => name)).toContain('first/kernel');
    expect(copy).toMatchObject({ classes: 3, loss: 'sparseCategoricalCrossentropy' });
  });

  it('is the same bytes for the same model', () => {
    const model = withHead(convolution());
    expect(compile(model, sgd).savedModel).toEqual(compile(model, sgd).savedModel);
  });

  it('takes the gradients of bias and ReLU after the pooling where TensorFlow runs them with the convolution', () => {
    const nodes = nodesOf(
      withHead(
        convolution({ name: 'first', activation: 'relu' }),
        layers.maxPooling2d({ name: 'pool', poolSize: 2 }),
      ),
    );
    const inputsOf = (op: string, scope: string) =>
      nodes.find((node) => node.op === op && node.name.startsWith(scope))!.input;
    const forward = 'train/first/bias_relu_pool';
    const backward = 'train/gradients/first/bias_relu_pool';
    expect(inputsOf('MaxPool', forward)).toEqual([`${forward}/Relu`]);
    expect(inputsOf('ReluGrad', backward)[1]).toBe(`${forward}/MaxPool`);
    expect(inputsOf('BiasAddGrad', backward)).toEqual([`${backward}/ReluGrad`]);
    expect(inputsOf('MaxPoolGrad', backward)).toEqual([
      `${forward}/Relu`,
      `${forward}/MaxPool`,
      `${backward}/ReluGrad`,
    ]);
  });

  it('pools before any other bias and activation in training, after them in prediction', () => {
    const nodes = nodesOf(
      withHead(
        convolution({ name: 'first', activation: 'tanh' }),
        layers.maxPooling2d({ name: 'pool', poolSize: 2 }),
      ),
    );
    const inputOf = (name: string) => nodes.find((node) => node.name === name)!.input[0];
    expect(inputOf('train/pool/pool/MaxPool')).toBe('train/first/convolve/Conv2D');
    expect(inputOf('train/first/bias/BiasAdd')).toBe('train/pool/pool/MaxPool');
    expect(inputOf('predict/pool/pool/MaxPool')).toBe('predict/first/tanh/Tanh');
  });

  it('leaves the pooling where something else takes the activation too, or where it is not monotone', () => {
    const shared = functional((input) => {
      const features = layers
        .conv2d({ name: 'first', filters: 3, kernelSize: 3, activation: 'relu' })
        .apply(input);
      const pooled = layers.maxPooling2d({ name: 'pool', poolSize: 2 }).apply(features);
      const other = layers.averagePooling2d({ poolSize: 2 }).apply(features);
      return classify(layers.add().apply([pooled, other] as SymbolicTensor[]));
    });
    const swish = withHead(
      convolution({ name: 'first', activation: 'swish' }),
      layers.maxPooling2d({ name: 'pool', poolSize: 2 }),
    );
    for (const [model, below] of [
      [shared, 'train/first/relu/Relu'],
      [swish, 'train/first/swish/Mul'],
    ] as const) {
      expect(nodesOf(model).find((node) => node.name === 'train/pool/pool/MaxPool')!.input[0]).toBe(below);
    }
  });

  it('has no gradient below the lowest trained layer, and none of the input', () => {
    const build = () =>
      withHead(
        convolution({ name: 'first' }),
        layers.conv2d({ name: 'second', filters: 2, kernelSize: 3 }),
        layers.conv2d({ name: 'third', filters: 2, kernelSize: 3 }),
      );
    const ops = (nodes: { op: string }[], op: string) => nodes.filter((node) => node.op === op).length;
    const whole = nodesOf(build());
    expect([ops(whole, 'Conv2DBackpropFilter'), ops(whole, 'Conv2DBackpropInput')]).toEqual([3, 2]);
    const frozen = build();
    frozen.layers.slice(0, 2).forEach((layer) => (layer.trainable = false));
    const head = nodesOf(frozen);
    expect([ops(head, 'Conv2DBackpropFilter'), ops(head, 'Conv2DBackpropInput')]).toEqual([1, 0]);
    expect(head.filter((node) => node.op === 'ResourceApplyGradientDescent')).toHaveLength(4);
  });

  it('takes the loss of the logits of a softmax layer of any kind', () => {
    for (const last of [layers.softmax({ axis: -1 }), layers.activation({ activation: 'softmax' })]) {
      const model = tf.sequential({
        layers: [layers.dense({ name: 'out', units: 3, inputShape: [4] }), last],
      });
      const loss = nodesOf(model).find((node) => node.op === 'SparseSoftmaxCrossEntropyWithLogits')!;
      expect(loss.input[0]).toMatch(/out\/bias\/BiasAdd$/);
    }
  });

  it('stays small: the network of the seed in at most 170 nodes', () => {
    const network = tf.sequential({
      layers: [
        layers.rescaling({ scale: 1 / 255, inputShape } as never),
        ...[16, 32, 64].flatMap((filters) => [
          layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu' }),
          layers.maxPooling2d({ poolSize: 2 }),
        ]),
        layers.dropout({ rate: 0.2 }),
        layers.flatten(),
        layers.dense({ units: 128, activation: 'relu' }),
        layers.dense({ units: 5, activation: 'softmax' }),
      ],
    });
    const nodes = nodesOf(network, { optimizer: { name: 'rmsprop', momentum: 0.1 } });
    const forSteps = nodes.filter(({ name }) => !name.startsWith('variables/'));
    expect(forSteps.length).toBeLessThanOrEqual(170);
  });
});

function thrownBy(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
