import { matMul, reshape, timesTransposed } from '../build/operations.js';
import { knownSize } from '../build/tensor.js';
import { activationSteps } from './activation.js';
import { biasStep } from './bias.js';
import { singleInput, type Lower, type Step } from './layer.js';

/** `tf.layers.dense`: x · kernel + bias along the last axis; more axes than two are folded into rows. */
export const lowerDense: Lower = (call) => [
  productStep(),
  ...(call.config['useBias'] === false ? [] : [biasStep()]),
  ...activationSteps(call),
];

function productStep(): Step {
  return singleInput(
    'matmul',
    (context, x) => {
      const { graph } = context;
      const kernel = context.weight('kernel');
      const [width, units] = kernel.shape.map(knownSize) as [number, number];
      const folded = x.shape.length > 2;
      const rows = folded ? reshape(graph, x, [null, width]) : x;
      const product = matMul(graph, [rows, kernel]);
      return {
        output: folded ? reshape(graph, product, [...x.shape.slice(0, -1), units]) : product,
        backward: (dy, wanted) => {
          const dyRows = folded ? reshape(graph, dy, [null, units]) : dy;
          const dx = wanted ? timesTransposed(graph, dyRows, kernel) : undefined;
          return {
            input: dx && folded ? reshape(graph, dx, x.shape) : dx,
            ...(context.trains('kernel') && {
              weights: { kernel: matMul(graph, [rows, dyRows], { transposeA: true }) },
            }),
          };
        },
      };
    },
    { narrow: 'always' },
  );
}
