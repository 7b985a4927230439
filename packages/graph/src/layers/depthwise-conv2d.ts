import { unsupportedLayer, type LayerCall } from '../model/description.js';
import { activationSteps } from './activation.js';
import { biasStep } from './bias.js';
import { convolve, depthwiseConvolution, sweepOf, type Sweep } from './convolution.js';
import { singleInput, type Lower, type Step } from './layer.js';

/** `tf.layers.depthwiseConv2d`: each channel convolved for itself, bias, activation. */
export const lowerDepthwiseConv2D: Lower = (call) => {
  const sweep = sweepOf(call);
  // tfjs ignores the option in this layer, so a model that has it means two different things
  if (sweep.dilations.some((dilation) => dilation > 1)) {
    throw unsupportedLayer(call, 'has a dilationRate, which tfjs itself does not apply in this layer');
  }
  return [
    depthwiseStep(call, sweep),
    ...(call.config['useBias'] === false ? [] : [biasStep()]),
    ...activationSteps(call),
  ];
};

/** The depthwise convolution with the weight "depthwise_kernel". */
export function depthwiseStep(call: LayerCall, sweep: Sweep): Step {
  if (sweep.strides[0] !== sweep.strides[1]) {
    throw unsupportedLayer(
      call,
      `has strides ${sweep.strides.join(' and ')}; TensorFlow wants equal ones here`,
    );
  }
  return singleInput(
    'depthwise',
    (context, x) => {
      const filter = context.weight('depthwise_kernel');
      const { output, inputGradient, filterGradient } = convolve(context.graph, [x, filter], {
        family: depthwiseConvolution,
        sweep,
      });
      return {
        output,
        backward: (dy, wanted) => ({
          input: wanted ? inputGradient(dy) : undefined,
          ...(context.trains('depthwise_kernel') && { weights: { depthwise_kernel: filterGradient(dy) } }),
        }),
      };
    },
    { kind: 'convolution' },
  );
}
