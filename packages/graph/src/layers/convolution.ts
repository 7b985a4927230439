import { intsAttr, stringAttr, typeAttr } from '../build/attributes.js';
import type { Graph } from '../build/graph.js';
import { runtimeShape, typed } from '../build/operations.js';
import { knownSize, type Shape, type Tensor } from '../build/tensor.js';
import {
  paddingOption,
  pairOption,
  requireChannelsLast,
  unsupportedLayer,
  type LayerCall,
} from '../model/description.js';

/** How a filter moves over a picture. */
export interface Sweep {
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly padding: 'SAME' | 'VALID';
}

/** TensorFlow's operations of one kind of convolution: forward, gradient of the filter, gradient of the input. */
interface ConvolutionFamily {
  readonly forward: string;
  readonly filterGradient: string;
  readonly inputGradient: string;
  outputChannels(filter: Shape): number;
}

/** Every output channel from all input channels; filter [height, width, in, out]. */
export const fullConvolution: ConvolutionFamily = {
  forward: 'Conv2D',
  filterGradient: 'Conv2DBackpropFilter',
  inputGradient: 'Conv2DBackpropInput',
  outputChannels: (filter) => knownSize(filter[3]),
};

/** Each input channel for itself; filter [height, width, in, multiplier]. */
export const depthwiseConvolution: ConvolutionFamily = {
  forward: 'DepthwiseConv2dNative',
  filterGradient: 'DepthwiseConv2dNativeBackpropFilter',
  inputGradient: 'DepthwiseConv2dNativeBackpropInput',
  outputChannels: (filter) => knownSize(filter[2]) * knownSize(filter[3]),
};

/** A convolution's output, and its gradients as functions of the output's. */
export interface Convolved {
  readonly output: Tensor;
  inputGradient(dy: Tensor): Tensor;
  filterGradient(dy: Tensor): Tensor;
}

/** Reads strides, dilation and padding from a convolutional layer's configuration. */
export function sweepOf(call: LayerCall): Sweep {
  requireChannelsLast(call);
  const strides = pairOption(call, 'strides');
  const dilations = pairOption(call, 'dilationRate');
  if (Math.max(...strides) > 1 && Math.max(...dilations) > 1) {
    throw unsupportedLayer(call, 'has both strides and dilationRate above 1');
  }
  return { strides, dilations, padding: paddingOption(call) };
}

/** The size of an output axis: TensorFlow's rule for SAME and VALID. */
export function sweptSize(
  input: number,
  window: number,
  { stride, padding }: { stride: number; padding: string },
) {
  return padding === 'SAME' ? Math.ceil(input / stride) : Math.ceil((input - window + 1) / stride);
}

/** Emits a convolution of `x` [batch, height, width, channels] with `filter`. */
export function convolve(
  graph: Graph,
  [x, filter]: readonly [Tensor, Tensor],
  { family, sweep }: { family: ConvolutionFamily; sweep: Sweep },
): Convolved {
  return sweep.dilations.some((dilation) => dilation > 1)
    ? convolveDilated(graph, [x, filter], { family, sweep })
    : convolveDense(graph, [x, filter], { family, sweep });
}

function convolveDense(
  graph: Graph,
  [x, filter]: readonly [Tensor, Tensor],
  { family, sweep }: { family: ConvolutionFamily; sweep: Sweep },
): Convolved {
  const { strides, padding } = sweep;
  const attrs = { strides: intsAttr([1, ...strides, 1]), padding: stringAttr(padding) };
  const [height, width] = [0, 1].map((axis) =>
    sweptSize(knownSize(x.shape[axis + 1]), knownSize(filter.shape[axis]), {
      stride: strides[axis]!,
      padding,
    }),
  ) as [number, number];
  const shape = [x.shape[0] ?? null, height, width, family.outputChannels(filter.shape)];
  const filterSizes = () => graph.constant(Int32Array.from(filter.shape, knownSize), [4]);
  return {
    output: typed(graph, [family.forward, x, filter], { attrs, shape }),
    inputGradient: (dy) =>
      graph.add(
        family.inputGradient,
        { inputs: [runtimeShape(graph, x), filter, dy], attrs: { T: typeAttr(dy.dtype), ...attrs } },
        x,
      ),
    filterGradient: (dy) =>
      typed(graph, [family.filterGradient, x, filterSizes(), dy], { attrs, shape: filter.shape }),
  };
}

/**
 * A dilated convolution as a dense one over a picture taken apart into its phases (space to batch), as
 * tf.nn.with_space_to_batch does it: TensorFlow's CPU kernels have no gradient of dilated convolutions of their own.
 */
function convolveDilated(
  graph: Graph,
  [x, filter]: readonly [Tensor, Tensor],
  { family, sweep: { dilations, padding } }: { family: ConvolutionFamily; sweep: Sweep },
): Convolved {
  const axes = [0, 1].map((axis) => {
    const size = knownSize(x.shape[axis + 1]);
    const dilation = dilations[axis]!;
    const reach = (knownSize(filter.shape[axis]) - 1) * dilation;
    const padded = padding === 'SAME' ? reach : 0;
    const before = Math.floor(padded / 2);
    const surplus = (dilation - ((size + padded) % dilation)) % dilation;
    return {
      pads: [before, padded - before + surplus],
      crops: [0, surplus],
      size: size + padded + surplus,
      reach,
    };
  });
  const amounts = (key: 'pads' | 'crops') =>
    graph.constant(Int32Array.from(axes.flatMap((axis) => axis[key])), [2, 2]);
  const block = graph.constant(Int32Array.from(dilations), [2]);
  const rearrange = (op: string, tensor: Tensor, [by, shape]: [Tensor, Shape]) =>
    typed(graph, [op, tensor, block, by], { shape });

  const phasesShape = [null, ...axes.map(({ size }, axis) => size / dilations[axis]!), x.shape[3] ?? null];
  const phases = rearrange('SpaceToBatchND', x, [amounts('pads'), phasesShape]);
  const dense = convolveDense(graph, [phases, filter], {
    family,
    sweep: { strides: [1, 1], dilations: [1, 1], padding: 'VALID' },
  });
  const [height, width] = axes.map(({ size, reach, crops }) => size - reach - crops[1]!) as [number, number];
  const outputShape = [x.shape[0] ?? null, height, width, dense.output.shape[3] ?? null];
  const apart = (dy: Tensor) => rearrange('SpaceToBatchND', dy, [amounts('crops'), dense.output.shape]);
  return {
    output: rearrange('BatchToSpaceND', dense.output, [amounts('crops'), outputShape]),
    inputGradient: (dy) =>
      rearrange('BatchToSpaceND', dense.inputGradient(apart(dy)), [amounts('pads'), x.shape]),
    filterGradient: (dy) => dense.filterGradient(apart(dy)),
  };
}
