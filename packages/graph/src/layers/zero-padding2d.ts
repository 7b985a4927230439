import { typeAttr } from '../build/attributes.js';
import { runtimeShape, typed } from '../build/operations.js';
import { requireChannelsLast } from '../model/description.js';
import { singleInput, type Lower } from './layer.js';

/** `tf.layers.zeroPadding2d`: a border of zeros; its gradient cuts the border off. */
export const lowerZeroPadding2D: Lower = (call) => {
  requireChannelsLast(call);
  const [[top, bottom], [left, right]] = call.config['padding'] as [[number, number], [number, number]];
  return [
    singleInput(
      'pad',
      ({ graph }, x) => {
        const amounts = graph.constant(Int32Array.of(0, 0, top, bottom, left, right, 0, 0), [4, 2]);
        return {
          output: typed(graph, ['Pad', x, amounts], { shape: call.outputShape }),
          backward: (dy, wanted) => {
            if (!wanted) return { input: undefined };
            const from = graph.constant(Int32Array.of(0, top, left, 0), [4]);
            const attrs = { Index: typeAttr('int32') };
            return {
              input: typed(graph, ['Slice', dy, from, runtimeShape(graph, x)], { attrs, shape: x.shape }),
            };
          },
        };
      },
      { narrow: 'follows' },
    ),
  ];
};
