import { intAttr, typeAttr } from '../build/attributes.js';
import { batchCount, cast, flatten, multiply, reshape, scaleBy, typed } from '../build/operations.js';
import { elementsPerRow, type Shape, type Tensor } from '../build/tensor.js';
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
export const lowerSpatialDropout2D: Lower = (call) => dropoutSteps(call, [null, 1, 1, call.outputShape[3]!]);

function noiseShapeOf(call: LayerCall): Shape | undefined {
  const { noiseShape } = call.config;
  if (noiseShape === undefined || noiseShape === null) return undefined;
  const axes = noiseShape as readonly (number | null)[];
  const fits = axes.every((size, axis) => size === null || size === 1 || size === call.outputShape[axis]);
  if (axes.length !== call.outputShape.length || !fits || axes[0] === 1) {
    throw unsupportedLayer(
      call,
      `has noiseShape [${axes.map(String).join(', ')}]; null or 1 after the batch can be compiled`,
    );
  }
  // a size that is given stands for the axis' own, as null does
  return axes.map((size, axis) => (axis > 0 && size === null ? call.outputShape[axis]! : size));
}

function dropoutSteps(call: LayerCall, noise: Shape | undefined) {
  const rate = numberOption(call, 'rate');
  return [
    singleInput(
      'dropout',
      (context, x) => {
        // as tfjs: a rate of 0 or 1 drops nothing
        if (!context.training || rate <= 0 || rate >= 1) {
          return { output: x, backward: (dy) => ({ input: dy }) };
        }
        const { graph } = context;
        const mask = dropoutMask(context, { x, noise: noise ?? x.shape, rate });
        return {
          output: multiply(graph, x, mask),
          backward: (dy, wanted) => ({ input: wanted ? multiply(graph, dy, mask) : undefined }),
        };
      },
      { narrow: 'follows' },
    ),
  ];
}

/** Random numbers per 64-bit word. */
const perWord = 4;

/**
 * 1 / (1 - rate) where an element is kept, 0 where it is dropped. The choice is made by 16 random bits, four of them
 * from each 64-bit word, which costs half of what 32 bits do; the rate is met to within 1 / 131072.
 */
function dropoutMask(
  { graph, seed }: LayerContext,
  { x, noise, rate }: { x: Tensor; noise: Shape; rate: number },
): Tensor {
  const perSample = elementsPerRow(noise);
  const words = Math.ceil(perSample / perWord);
  const batch = reshape(graph, batchCount(graph, x), [1]);
  const shape = graph.add(
    'ConcatV2',
    {
      inputs: [batch, graph.constant(Int32Array.of(words), [1]), graph.constant(Int32Array.of(0), [])],
      attrs: { T: typeAttr('int32'), N: intAttr(2) },
    },
    { shape: [2] },
  );
  const random = graph.add(
    'StatelessRandomUniformFullInt',
    {
      inputs: [shape, seed()],
      attrs: { dtype: typeAttr('int64'), T: typeAttr('int32'), Tseed: typeAttr('int32') },
    },
    { dtype: 'int64', shape: [null, words] },
  );
  const attrs = { T: typeAttr('int64'), type: typeAttr('int16') };
  const parts = graph.add(
    'Bitcast',
    { inputs: [random], attrs },
    { dtype: 'int16', shape: [null, words, perWord] },
  );
  const threshold = graph.constant(Int16Array.of(Math.round(rate * 2 ** 16) - 2 ** 15), []);
  const kept = typed(graph, ['GreaterEqual', firstOf(graph, parts, perSample), threshold], { dtype: 'bool' });
  const shaped = reshape(graph, kept, noise);
  return scaleBy(graph, cast(graph, shaped, x.dtype), 1 / (1 - rate));
}

/** The first `count` numbers of each row of [batch, words, perWord], as [batch, count]. */
function firstOf(graph: Graph, parts: Tensor, count: number): Tensor {
  const rows = flatten(graph, parts);
  if (elementsPerRow(rows.shape) === count) return rows;
  const inputs = [
    rows,
    graph.constant(Int32Array.of(0, 0), [2]),
    graph.constant(Int32Array.of(-1, count), [2]),
  ];
  const attrs = { T: typeAttr('int16'), Index: typeAttr('int32') };
  return graph.add('Slice', { inputs, attrs }, { shape: [null, count] });
}
