import type { Graph } from '../build/graph.js';
import { add, cast, multiply, reduce, scaleBy, subtract, typed } from '../build/operations.js';
import type { Tensor } from '../build/tensor.js';
import { unsupportedLayer, type LayerCall } from '../model/description.js';
import { singleInput, type Lower, type Step, type StepKind } from './layer.js';

/** An element-wise function (softmax: along the last axis) with its gradient. */
interface ActivationFunction {
  kind?: StepKind;
  apply(graph: Graph, x: Tensor): Tensor;
  /** Gradient with respect to x, from that with respect to y = apply(x). */
  gradient(graph: Graph, at: { x: Tensor; y: Tensor; dy: Tensor }): Tensor;
}

/** The functions for which TensorFlow has an operation and a gradient operation of (dy, y). */
function fromOutput(op: string, gradientOp: string, order: 'dy,y' | 'y,dy'): ActivationFunction {
  return {
    kind: op === 'Relu' || op === 'Relu6' ? 'relu' : 'monotone',
    apply: (graph, x) => typed(graph, [op, x]),
    gradient: (graph, { y, dy }) =>
      order === 'dy,y' ? typed(graph, [gradientOp, dy, y]) : typed(graph, [gradientOp, y, dy]),
  };
}

/** The same, where the gradient operation takes (dy, x). */
function fromInput(op: string, gradientOp: string): ActivationFunction {
  return {
    kind: 'monotone',
    apply: (graph, x) => typed(graph, [op, x]),
    gradient: (graph, { x, dy }) => typed(graph, [gradientOp, dy, x]),
  };
}

const sigmoidOf = (graph: Graph, x: Tensor) => typed(graph, ['Sigmoid', x]);

/** x * sigmoid(x) (Ramachandran et al. 2017); its derivative is s + y * (1 - s). Falls before it rises. */
const swish: ActivationFunction = {
  apply: (graph, x) => multiply(graph, x, sigmoidOf(graph, x)),
  gradient: (graph, { x, y, dy }) => {
    const s = sigmoidOf(graph, x);
    const rest = subtract(graph, y, multiply(graph, y, s));
    return multiply(graph, dy, add(graph, s, rest));
  },
};

/** x * Φ(x) with the normal distribution function, as tfjs and Keras define it; derivative Φ(x) + x φ(x). */
const gelu: ActivationFunction = {
  apply: (graph, x) => multiply(graph, x, normalCdf(graph, x)),
  gradient: (graph, { x, dy }) => {
    const density = scaleBy(
      graph,
      typed(graph, ['Exp', scaleBy(graph, typed(graph, ['Square', x]), -0.5)]),
      1 / Math.sqrt(2 * Math.PI),
    );
    return multiply(graph, dy, add(graph, normalCdf(graph, x), multiply(graph, x, density)));
  },
};

function normalCdf(graph: Graph, x: Tensor): Tensor {
  const erf = typed(graph, ['Erf', scaleBy(graph, x, Math.SQRT1_2)]);
  return scaleBy(graph, add(graph, erf, graph.scalar(1)), 0.5);
}

/** Softmax along the last axis; gradient (dy - sum(dy * y)) * y. */
const softmax: ActivationFunction = {
  kind: 'softmax',
  apply: (graph, x) => typed(graph, ['Softmax', x]),
  gradient: (graph, { y, dy }) => {
    const axes = [y.shape.length - 1];
    const along = reduce(graph, 'Sum', { tensor: multiply(graph, dy, y), axes, keepDims: true });
    return multiply(graph, subtract(graph, dy, along), y);
  },
};

/** min(max(0.2 x + 0.5, 0), 1): tfjs's definition (Keras 3 has another slope). */
const hardSigmoid: ActivationFunction = {
  kind: 'monotone',
  apply: (graph, x) => {
    const line = add(graph, scaleBy(graph, x, 0.2), graph.scalar(0.5));
    return typed(graph, ['ClipByValue', line, graph.scalar(0), graph.scalar(1)]);
  },
  gradient: (graph, { y, dy }) => scaleBy(graph, multiply(graph, dy, openInterval(graph, y, [0, 1])), 0.2),
};

/** 1 where low < x < high, else 0. */
function openInterval(graph: Graph, x: Tensor, [low, high]: readonly [number, number]): Tensor {
  const above = typed(graph, ['Greater', x, graph.scalar(low)], { dtype: 'bool' });
  const below = typed(graph, ['Less', x, graph.scalar(high)], { dtype: 'bool' });
  return cast(graph, graph.add('LogicalAnd', { inputs: [above, below] }), x.dtype);
}

/** min(max(x, 0), ceiling). */
function clippedRelu(ceiling: number): ActivationFunction {
  return {
    kind: 'monotone',
    apply: (graph, x) => typed(graph, ['ClipByValue', x, graph.scalar(0), graph.scalar(ceiling)]),
    gradient: (graph, { y, dy }) => multiply(graph, dy, openInterval(graph, y, [0, ceiling])),
  };
}

function leakyRelu(alpha: number): ActivationFunction {
  const attrs = { alpha: { f: alpha } };
  return {
    ...(alpha >= 0 && { kind: 'monotone' as const }),
    apply: (graph, x) => typed(graph, ['LeakyRelu', x], { attrs }),
    gradient: (graph, { x, dy }) => typed(graph, ['LeakyReluGrad', dy, x], { attrs }),
  };
}

/** By tfjs's name, as `getConfig().activation` has it. */
const activations: Readonly<Record<string, ActivationFunction>> = {
  relu: fromOutput('Relu', 'ReluGrad', 'dy,y'),
  relu6: fromOutput('Relu6', 'Relu6Grad', 'dy,y'),
  elu: fromOutput('Elu', 'EluGrad', 'dy,y'),
  selu: fromOutput('Selu', 'SeluGrad', 'dy,y'),
  sigmoid: fromOutput('Sigmoid', 'SigmoidGrad', 'y,dy'),
  tanh: fromOutput('Tanh', 'TanhGrad', 'y,dy'),
  softplus: fromInput('Softplus', 'SoftplusGrad'),
  softsign: fromInput('Softsign', 'SoftsignGrad'),
  hardSigmoid,
  swish,
  gelu,
  softmax,
};

function activationStep(name: string, { kind, apply, gradient }: ActivationFunction): Step {
  return singleInput(
    name,
    ({ graph }, x) => {
      const y = apply(graph, x);
      return {
        output: y,
        backward: (dy, wanted, at = y) => ({ input: wanted ? gradient(graph, { x, y: at, dy }) : undefined }),
      };
    },
    { ...(kind !== undefined && { kind }), ...(kind === 'relu' && { narrow: 'follows' as const }) },
  );
}

/** The steps of a layer's `activation` option: none for "linear". */
export function activationSteps(call: LayerCall): readonly Step[] {
  const name = call.config['activation'];
  if (name === 'linear' || name === undefined || name === null) return [];
  const found = Object.hasOwn(activations, String(name)) ? activations[String(name)] : undefined;
  if (found === undefined) {
    throw unsupportedLayer(
      call,
      `has the activation "${String(name)}"; ${Object.keys(activations).join(', ')} can be compiled`,
    );
  }
  return [activationStep(String(name), found)];
}

/** `tf.layers.activation`. */
export const lowerActivation: Lower = activationSteps;

/** `tf.layers.reLU`, with or without `maxValue`. */
export const lowerReLU: Lower = ({ config: { maxValue } }) => [
  typeof maxValue === 'number'
    ? activationStep('clipped_relu', clippedRelu(maxValue))
    : activationStep('relu', activations['relu']!),
];

/** `tf.layers.leakyReLU`. */
export const lowerLeakyReLU: Lower = ({ config: { alpha } }) => [
  activationStep('leaky_relu', leakyRelu(Number(alpha ?? 0.3))),
];

/** `tf.layers.elu`, whose alpha is always 1 in tfjs. */
export const lowerELU: Lower = () => [activationStep('elu', activations['elu']!)];

/** `tf.layers.softmax` along the last axis. */
export const lowerSoftmax: Lower = (call) => {
  const rank = call.outputShape.length;
  const { axis } = call.config;
  const last = Array.isArray(axis) && axis.length === 1 ? Number(axis[0]) : axis;
  if (last !== -1 && last !== rank - 1) {
    throw unsupportedLayer(call, `has axis ${String(axis)}; the last axis can be compiled`);
  }
  return [activationStep('softmax', softmax)];
};
