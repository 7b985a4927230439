import { typed } from '../build/operations.js';
import { singleInput, type Step } from './layer.js';

/** x + bias along the last axis, with the weight "bias". */
export function biasStep(): Step {
  return singleInput(
    'bias',
    (context, x) => ({
      output: typed(context.graph, ['BiasAdd', x, context.weight('bias')]),
      backward: (dy) => ({
        input: dy,
        ...(context.trains('bias') && {
          weights: { bias: typed(context.graph, ['BiasAddGrad', dy], { shape: x.shape.slice(-1) }) },
        }),
      }),
    }),
    { kind: 'shift', narrow: 'follows' },
  );
}
