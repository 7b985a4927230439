import { AtelierError } from '@atelier/core';
import type { LayerCall } from '@atelier/graph';

/** A layer as Keras 3 has it. */
export interface KerasLayer {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** What its variables are to it, in Keras' order. */
  readonly variables: readonly string[];
}

type Convert = (call: LayerCall) => KerasLayer;

/** Options that Keras has under the same name in snake case, with the same meaning. */
function layer(options: readonly string[], variables: readonly string[] = []): Convert {
  return (call) => ({
    className: call.className,
    config: Object.fromEntries(
      options
        .filter((option) => call.config[option] !== undefined)
        .map((option) => [snakeCase(option), convertOption(call, option)]),
    ),
    variables: variables.filter((role) => call.weights[role] !== undefined),
  });
}

const convolution = [
  'strides',
  'padding',
  'dataFormat',
  'dilationRate',
  'activation',
  'useBias',
  'biasRegularizer',
];
const pooling = ['poolSize', 'strides', 'padding', 'dataFormat'];

const converters: Readonly<Record<string, Convert>> = {
  Rescaling: layer(['scale', 'offset']),
  Conv2D: layer(['filters', 'kernelSize', 'kernelRegularizer', ...convolution], ['kernel', 'bias']),
  DepthwiseConv2D: layer(
    ['kernelSize', 'depthMultiplier', 'depthwiseRegularizer', ...convolution],
    ['depthwise_kernel', 'bias'],
  ),
  SeparableConv2D: layer(
    [
      'filters',
      'kernelSize',
      'depthMultiplier',
      'depthwiseRegularizer',
      'pointwiseRegularizer',
      ...convolution,
    ],
    ['depthwise_kernel', 'pointwise_kernel', 'bias'],
  ),
  MaxPooling2D: layer(pooling),
  AveragePooling2D: layer(pooling),
  GlobalAveragePooling2D: layer(['dataFormat']),
  GlobalMaxPooling2D: layer(['dataFormat']),
  ZeroPadding2D: layer(['padding', 'dataFormat']),
  BatchNormalization: layer(
    ['axis', 'momentum', 'epsilon', 'center', 'scale', 'betaRegularizer', 'gammaRegularizer'],
    ['gamma', 'beta', 'moving_mean', 'moving_variance'],
  ),
  LayerNormalization: layer(
    ['axis', 'epsilon', 'center', 'scale', 'betaRegularizer', 'gammaRegularizer'],
    ['gamma', 'beta'],
  ),
  Dropout: layer(['rate', 'noiseShape']),
  SpatialDropout2D: layer(['rate', 'dataFormat']),
  Flatten: layer(['dataFormat']),
  // the shape that TF.js resolved: Keras takes no second unknown size
  Reshape: (call) => ({
    className: 'Reshape',
    config: { target_shape: call.outputShape.slice(1) },
    variables: [],
  }),
  Dense: layer(
    ['units', 'activation', 'useBias', 'kernelRegularizer', 'biasRegularizer'],
    ['kernel', 'bias'],
  ),
  Activation: layer(['activation']),
  ReLU: layer(['maxValue']),
  LeakyReLU: (call) => ({
    className: 'LeakyReLU',
    config: { negative_slope: call.config['alpha'] ?? 0.3 },
    variables: [],
  }),
  // TF.js applies alpha 1 whatever the option says
  ELU: () => ({ className: 'ELU', config: { alpha: 1 }, variables: [] }),
  Softmax: layer(['axis']),
  Add: layer([]),
  Multiply: layer([]),
  Concatenate: layer(['axis']),
};

/** Activations that Keras 3 defines as TF.js does. Its hard_sigmoid has another slope. */
const activations: ReadonlySet<unknown> = new Set([
  ...['linear', 'relu', 'relu6', 'elu', 'selu', 'sigmoid', 'tanh'],
  ...['softplus', 'softsign', 'swish', 'gelu', 'softmax'],
]);

/**
 * A use of a layer as a layer of Keras 3.
 * @throws AtelierError MODEL_UNSUPPORTED naming the layer
 */
export function kerasLayer(call: LayerCall): KerasLayer {
  const convert = Object.hasOwn(converters, call.className) ? converters[call.className] : undefined;
  if (convert === undefined) throw refuse(call, 'is of a kind that is not written');
  const { activation } = call.config;
  if (activation !== undefined && activation !== null && !activations.has(activation)) {
    throw refuse(
      call,
      `has the activation "${String(activation)}", which Keras 3 does not have in this form`,
    );
  }
  return convert(call);
}

function convertOption({ config }: LayerCall, option: string): unknown {
  const value = config[option];
  if (option === 'dataFormat') return 'channels_last';
  if (!option.endsWith('Regularizer') || value === null) return value;
  const { l1 = 0, l2 = 0 } = (value as { config: { l1?: number; l2?: number } }).config;
  return { module: 'keras.regularizers', class_name: 'L1L2', config: { l1, l2 }, registered_name: null };
}

function refuse({ name, className }: LayerCall, problem: string): AtelierError {
  return new AtelierError({
    code: 'MODEL_UNSUPPORTED',
    action: 'export the model for Keras',
    problem: `layer "${name}" (${className}) ${problem}`,
    hint: 'Export it in another format.',
  });
}

/** `kernelSize` -> `kernel_size`, `MaxPooling2D` -> `max_pooling2d`, `ReLU` -> `re_lu`: keras.src.utils.naming. */
export function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
