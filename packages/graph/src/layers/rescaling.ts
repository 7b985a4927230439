import { add, scaleBy } from '../build/operations.js';
import { numberOption } from '../model/description.js';
import { singleInput, type Lower } from './layer.js';

/** `tf.layers.rescaling`: x * scale + offset. */
export const lowerRescaling: Lower = (call) => {
  const scale = numberOption(call, 'scale');
  const offset = numberOption(call, 'offset');
  return [
    singleInput('rescale', ({ graph }, x) => {
      const scaled = scaleBy(graph, x, scale);
      return {
        output: offset === 0 ? scaled : add(graph, scaled, graph.scalar(offset)),
        backward: (dy, wanted) => ({ input: wanted ? scaleBy(graph, dy, scale) : undefined }),
      };
    }),
  ];
};
