import { add, multiply, reduce, subtract, typed } from '../build/operations.js';
import type { Graph } from '../build/graph.js';
import type { Tensor } from '../build/tensor.js';
import { numberOption, unsupportedLayer } from '../model/description.js';
import { singleInput, type LayerContext, type Lower, type SingleResult } from './layer.js';

/** `tf.layers.layerNormalization` over the last axis (Ba, Kiros and Hinton 2016). */
export const lowerLayerNormalization: Lower = (call) => {
  const last = call.outputShape.length - 1;
  const axes = [call.config['axis']].flat();
  if (axes.length !== 1 || (axes[0] !== -1 && axes[0] !== last)) {
    throw unsupportedLayer(call, `normalises axes ${axes.join(', ')}; the last axis alone can be compiled`);
  }
  const epsilon = numberOption(call, 'epsilon');
  return [singleInput('normalize', (context, x) => normalize(context, { x, epsilon }))];
};

function normalize(context: LayerContext, { x, epsilon }: { x: Tensor; epsilon: number }): SingleResult {
  const { graph } = context;
  const centred = subtract(graph, x, lastMean(graph, x));
  const variance = lastMean(graph, typed(graph, ['Square', centred]));
  const inverse = typed(graph, ['Rsqrt', add(graph, variance, graph.scalar(epsilon))]);
  const normalized = multiply(graph, centred, inverse);
  const scaled = context.hasWeight('gamma')
    ? multiply(graph, normalized, context.weight('gamma'))
    : normalized;
  return {
    output: context.hasWeight('beta') ? add(graph, scaled, context.weight('beta')) : scaled,
    backward: (dy, wanted) => {
      const inner = context.hasWeight('gamma') ? multiply(graph, dy, context.weight('gamma')) : dy;
      return {
        input: wanted ? inputGradient(graph, { normalized, inverse, inner }) : undefined,
        weights: {
          ...(context.trains('gamma') && { gamma: sumRows(graph, multiply(graph, dy, normalized)) }),
          ...(context.trains('beta') && { beta: sumRows(graph, dy) }),
        },
      };
    },
  };
}

/** inverse * (g - mean(g) - n * mean(g * n)), with g the gradient at the normalised values n. */
function inputGradient(
  graph: Graph,
  { normalized, inverse, inner }: { normalized: Tensor; inverse: Tensor; inner: Tensor },
): Tensor {
  const alongMean = subtract(graph, inner, lastMean(graph, inner));
  const share = multiply(graph, normalized, lastMean(graph, multiply(graph, inner, normalized)));
  return multiply(graph, subtract(graph, alongMean, share), inverse);
}

function lastMean(graph: Graph, tensor: Tensor): Tensor {
  return reduce(graph, 'Mean', { tensor, axes: [tensor.shape.length - 1], keepDims: true });
}

/** The sum over every axis but the last. */
function sumRows(graph: Graph, tensor: Tensor): Tensor {
  return reduce(graph, 'Sum', { tensor, axes: tensor.shape.slice(0, -1).map((_, axis) => axis) });
}
