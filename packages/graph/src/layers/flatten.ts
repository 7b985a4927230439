import { flatten, reshape } from '../build/operations.js';
import { elementsPerRow, printShape } from '../build/tensor.js';
import { requireChannelsLast, unsupportedLayer } from '../model/description.js';
import { singleInput, type Lower, type Step } from './layer.js';

/** `tf.layers.flatten`: all axes but the batch become one. */
export const lowerFlatten: Lower = (call) => {
  requireChannelsLast(call);
  return [
    singleInput(
      'flatten',
      ({ graph }, x) => ({
        output: flatten(graph, x),
        backward: (dy, wanted) => ({ input: wanted ? reshape(graph, dy, x.shape) : undefined }),
      }),
      { narrow: 'follows' },
    ),
  ];
};

/** `tf.layers.reshape`: the same elements per sample in the shape that tfjs resolved. */
export const lowerReshape: Lower = (call) => {
  const [input, output] = [call.inputShapes[0]!, call.outputShape];
  if (output.slice(1).includes(null) || elementsPerRow(input) !== elementsPerRow(output)) {
    throw unsupportedLayer(call, `reshapes ${printShape(input)} to ${printShape(output)}`);
  }
  return [reshapeStep(output)];
};

function reshapeStep(shape: readonly (number | null)[]): Step {
  return singleInput(
    'reshape',
    ({ graph }, x) => ({
      output: reshape(graph, x, shape),
      backward: (dy, wanted) => ({ input: wanted ? reshape(graph, dy, x.shape) : undefined }),
    }),
    { narrow: 'follows' },
  );
}
