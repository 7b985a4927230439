import { cast, multiply, reduce, reshape, runtimeShape, scaleBy, typed } from '../build/operations.js';
import type { Graph } from '../build/graph.js';
import { knownSize, type Tensor } from '../build/tensor.js';
import { requireChannelsLast } from '../model/description.js';
import { singleInput, type Lower } from './layer.js';

/** `tf.layers.globalAveragePooling2d`: the mean of each channel. */
export const lowerGlobalAveragePooling2D: Lower = (call) => {
  requireChannelsLast(call);
  return [
    singleInput('mean', ({ graph }, x) => ({
      output: reduce(graph, 'Mean', { tensor: x, axes: [1, 2] }),
      backward: (dy, wanted) => {
        if (!wanted) return { input: undefined };
        const pixels = knownSize(x.shape[1]) * knownSize(x.shape[2]);
        return { input: spread(graph, { x, channels: scaleBy(graph, dy, 1 / pixels) }) };
      },
    })),
  ];
};

/** `tf.layers.globalMaxPooling2d`: the largest of each channel; ties share the gradient, as in TensorFlow. */
export const lowerGlobalMaxPooling2D: Lower = (call) => {
  requireChannelsLast(call);
  return [
    singleInput('max', ({ graph }, x) => {
      const y = reduce(graph, 'Max', { tensor: x, axes: [1, 2] });
      return {
        output: y,
        backward: (dy, wanted) => {
          if (!wanted) return { input: undefined };
          const largest = cast(
            graph,
            typed(graph, ['Equal', x, asPicture(graph, y)], { dtype: 'bool', shape: x.shape }),
            x.dtype,
          );
          const ties = reduce(graph, 'Sum', { tensor: largest, axes: [1, 2] });
          const share = typed(graph, ['RealDiv', dy, ties]);
          return { input: multiply(graph, largest, asPicture(graph, share)) };
        },
      };
    }),
  ];
};

/** [batch, channels] as a picture of one pixel. */
function asPicture(graph: Graph, channels: Tensor): Tensor {
  return reshape(graph, channels, [channels.shape[0] ?? null, 1, 1, channels.shape[1] ?? null]);
}

/** One value per channel at every pixel of a picture like x. */
function spread(graph: Graph, { x, channels }: { x: Tensor; channels: Tensor }): Tensor {
  return typed(graph, ['BroadcastTo', asPicture(graph, channels), runtimeShape(graph, x)], {
    shape: x.shape,
  });
}
