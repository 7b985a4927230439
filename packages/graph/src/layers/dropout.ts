import { typeAttr } from '../build/attributes.js';
import { cast, multiply, runtimeShape, scaleBy, typed } from '../build/operations.js';
import type { Shape, Tensor } from '../build/tensor.js';
import type { Graph } from '../build/graph.js';
import { numberOption, unsupportedLayer, type LayerCall } from '../model/description.js';
import { singleInput, type LayerContext, type Lower } from './layer.js';

/**
 * `tf.layers.dropout`: while training, sets a share of the elements to zero and scales the rest by 1 / (1 - rate)
 * (Srivastava et al. 2014; Keras' definition). With a `noiseShape` all elements along an axis of size 1 share their
 * fate. The random numbers are TensorFlow's stateless ones: the same seed and step drop the same elements.
 */
export const lowerDropout: Lower = (call) => dropoutSteps(call, noiseShapeOf(call));

/** SpatialDropout2D (Tompson et al. 2015): drops whole channels of a picture. */
export const lowerSpatialDropout2D: Lower = (call) => dropoutSteps(call, [null, 1, 1, null]);

function noiseShapeOf(call: LayerCall): Shape | undefined {
  const { noiseShape } = call.config;
  if (noiseShape === undefined || noiseShape === null) return undefined;
  const axes = noiseShape as readonly (number | null)[];
  const fits = axes.every((size, axis) => size === null || size === 1 || size === call.outputShape[axis]);
  if (axes.length !== call.outputShape.length || !fits || axes[0] === 1) {
    throw unsupportedLayer(
      call,
      `has noiseShape [${axes.join(', ')}]; null or 1 after the batch can be compiled`,
    );
  }
  return axes;
}

function dropoutSteps(call: LayerCall, noise: Shape | undefined) {
  const rate = numberOption(call, 'rate');
  return [
    singleInput('dropout', (context, x) => {
      // as tfjs: a rate of 0 or 1 drops nothing
      if (!context.training || rate <= 0 || rate >= 1) {
        return { output: x, backward: (dy) => ({ input: dy }) };
      }
      const { graph } = context;
      const mask = dropoutMask(context, { x, noise, rate });
      return {
        output: multiply(graph, x, mask),
        backward: (dy, wanted) => ({ input: wanted ? multiply(graph, dy, mask) : undefined }),
      };
    }),
  ];
}

/** 1 / (1 - rate) where an element is kept, 0 where it is dropped. */
function dropoutMask(
  { graph, seed }: LayerContext,
  { x, noise, rate }: { x: Tensor; noise: Shape | undefined; rate: number },
): Tensor {
  const random = graph.add(
    'StatelessRandomUniform',
    {
      inputs: [noiseShape(graph, x, noise), seed()],
      attrs: { dtype: typeAttr('float32'), T: typeAttr('int32'), Tseed: typeAttr('int32') },
    },
    { dtype: 'float32', shape: x.shape },
  );
  const kept = typed(graph, ['GreaterEqual', random, graph.scalar(rate)], { dtype: 'bool' });
  return scaleBy(graph, cast(graph, kept, 'float32'), 1 / (1 - rate));
}

/** The shape of the mask when the graph runs: x's own, with 1 where elements share their fate. */
function noiseShape(graph: Graph, x: Tensor, noise: Shape | undefined): Tensor {
  const shape = runtimeShape(graph, x);
  if (noise === undefined || !noise.includes(1)) return shape;
  const ceiling = Int32Array.from(noise, (size) => (size === 1 ? 1 : 0x7fffffff));
  return typed(graph, ['Minimum', shape, graph.constant(ceiling, [noise.length])]);
}
