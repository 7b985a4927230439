import { activationSteps } from './activation.js';
import { biasStep } from './bias.js';
import { convolve, fullConvolution, sweepOf, type Sweep } from './convolution.js';
import { depthwiseStep } from './depthwise-conv2d.js';
import { singleInput, type Lower, type Step } from './layer.js';

/** `tf.layers.separableConv2d`: depthwise convolution, 1x1 convolution, bias, activation. */
export const lowerSeparableConv2D: Lower = (call) => [
  depthwiseStep(call, sweepOf(call)),
  pointwiseStep(),
  ...(call.config['useBias'] === false ? [] : [biasStep()]),
  ...activationSteps(call),
];

const everyPixel: Sweep = { strides: [1, 1], dilations: [1, 1], padding: 'VALID' };

function pointwiseStep(): Step {
  return singleInput(
    'pointwise',
    (context, x) => {
      const filter = context.weight('pointwise_kernel');
      const { output, inputGradient, filterGradient } = convolve(context.graph, [x, filter], {
        family: fullConvolution,
        sweep: everyPixel,
      });
      return {
        output,
        backward: (dy, wanted) => ({
          input: wanted ? inputGradient(dy) : undefined,
          ...(context.trains('pointwise_kernel') && { weights: { pointwise_kernel: filterGradient(dy) } }),
        }),
      };
    },
    { kind: 'convolution', narrow: 'always' },
  );
}
