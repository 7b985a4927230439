import { activationSteps } from './activation.js';
import { biasStep } from './bias.js';
import { convolve, fullConvolution, sweepOf } from './convolution.js';
import { singleInput, type Lower } from './layer.js';

/** `tf.layers.conv2d`: convolution, bias, activation. */
export const lowerConv2D: Lower = (call) => {
  const sweep = sweepOf(call);
  return [
    singleInput(
      'convolve',
      (context, x) => {
        const { output, inputGradient, filterGradient } = convolve(
          context.graph,
          [x, context.weight('kernel')],
          {
            family: fullConvolution,
            sweep,
          },
        );
        return {
          output,
          backward: (dy, wanted) => ({
            input: wanted ? inputGradient(dy) : undefined,
            ...(context.trains('kernel') && { weights: { kernel: filterGradient(dy) } }),
          }),
        };
      },
      { kind: 'convolution', narrow: 'always' },
    ),
    ...(call.config['useBias'] === false ? [] : [biasStep()]),
    ...activationSteps(call),
  ];
};
