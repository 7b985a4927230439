import { boolAttr, floatAttr, stringAttr, typeAttr } from '../build/attributes.js';
import { outputOf } from '../build/graph.js';
import { add, batchCount, cast, multiply, reshape, scaleBy, subtract, typed } from '../build/operations.js';
import { elementsPerRow, knownSize, type Tensor } from '../build/tensor.js';
import { numberOption, unsupportedLayer, type LayerCall } from '../model/description.js';
import { singleInput, type LayerContext, type Lower, type SingleResult } from './layer.js';

/**
 * `tf.layers.batchNormalization` over the last axis (Ioffe and Szegedy 2015; Keras 3's definition). While training,
 * the batch's own mean and variance normalise, and the moving ones follow them; in inference, and in a frozen layer
 * (as Keras has it since version 2), the moving ones normalise.
 */
export const lowerBatchNormalization: Lower = (call) => {
  const rank = call.outputShape.length;
  const axis = numberOption(call, 'axis');
  if (axis !== -1 && axis !== rank - 1) {
    throw unsupportedLayer(call, `normalises axis ${axis}; the last axis can be compiled`);
  }
  return [
    singleInput('normalize', (context, x) =>
      context.training && call.trainable ? byBatch(context, call, x) : byMovingAverage(context, call, x),
    ),
  ];
};

const attributes = (call: LayerCall, training: boolean) => ({
  T: typeAttr('float32'),
  U: typeAttr('float32'),
  epsilon: floatAttr(numberOption(call, 'epsilon')),
  data_format: stringAttr('NHWC'),
  is_training: boolAttr(training),
});

/** Scale and offset: the weights gamma and beta, or 1 and 0 where the layer has none. */
function affine({ graph, weight, hasWeight }: LayerContext, channels: number): [Tensor, Tensor] {
  const all = (value: number) => graph.constant(new Float32Array(channels).fill(value), [channels]);
  return [hasWeight('gamma') ? weight('gamma') : all(1), hasWeight('beta') ? weight('beta') : all(0)];
}

/** The fused operation takes pictures; anything else becomes pictures of one pixel. */
function asPictures({ graph }: LayerContext, x: Tensor): Tensor {
  return x.shape.length === 4 ? x : reshape(graph, x, [null, 1, 1, x.shape.at(-1) ?? null]);
}

function back({ graph }: LayerContext, { pictures, x }: { pictures: Tensor; x: Tensor }): Tensor {
  return x.shape.length === 4 ? pictures : reshape(graph, pictures, x.shape);
}

function byBatch(context: LayerContext, call: LayerCall, x: Tensor): SingleResult {
  const { graph } = context;
  const channels = knownSize(x.shape.at(-1));
  const perChannel = { shape: [channels] };
  const attrs = attributes(call, true);
  const pictures = asPictures(context, x);
  const [gamma, beta] = affine(context, channels);
  const none = graph.constant(new Float32Array(0), [0]);
  const y = graph.add('FusedBatchNormV3', { inputs: [pictures, gamma, beta, none, none], attrs });
  follow(context, call, {
    x,
    mean: outputOf(y, 1, perChannel),
    variance: outputOf(y, 2, perChannel),
  });
  return {
    output: back(context, { pictures: y, x }),
    backward: (dy) => {
      const saved = [3, 4, 5].map((index) => outputOf(y, index, perChannel));
      const gradient = graph.add('FusedBatchNormGradV3', {
        inputs: [asPictures(context, dy), pictures, gamma, ...saved],
        attrs,
      });
      return {
        input: back(context, { pictures: gradient, x }),
        weights: {
          ...(context.trains('gamma') && { gamma: outputOf(gradient, 1, perChannel) }),
          ...(context.trains('beta') && { beta: outputOf(gradient, 2, perChannel) }),
        },
      };
    },
  };
}

/** Moves the moving mean and variance towards the batch's. */
function follow(
  context: LayerContext,
  call: LayerCall,
  { x, mean, variance }: { x: Tensor; mean: Tensor; variance: Tensor },
): void {
  const { graph } = context;
  const momentum = numberOption(call, 'momentum');
  const channels = knownSize(x.shape.at(-1));
  // the fused operation gives the variance with n - 1 below; Keras 3 averages the one with n
  const count = scaleBy(
    graph,
    cast(graph, batchCount(graph, x), 'float32'),
    elementsPerRow(x.shape) / channels,
  );
  const shrink = typed(graph, ['RealDiv', subtract(graph, count, graph.scalar(1)), count]);
  const biased = multiply(graph, variance, shrink);
  for (const [role, value] of [
    ['moving_mean', mean],
    ['moving_variance', biased],
  ] as const) {
    const part = scaleBy(graph, value, 1 - momentum);
    context.assign(role, (moving) => add(graph, scaleBy(graph, moving, momentum), part));
  }
}

function byMovingAverage(context: LayerContext, call: LayerCall, x: Tensor): SingleResult {
  const { graph } = context;
  const [gamma, beta] = affine(context, knownSize(x.shape.at(-1)));
  const mean = context.weight('moving_mean');
  const variance = context.weight('moving_variance');
  const y = graph.add('FusedBatchNormV3', {
    inputs: [asPictures(context, x), gamma, beta, mean, variance],
    attrs: attributes(call, false),
  });
  return {
    output: back(context, { pictures: y, x }),
    backward: (dy, wanted) => {
      if (!wanted) return { input: undefined };
      const spread = add(graph, variance, graph.scalar(numberOption(call, 'epsilon')));
      const slope = multiply(graph, gamma, typed(graph, ['Rsqrt', spread]));
      return { input: multiply(graph, dy, slope) };
    },
  };
}
