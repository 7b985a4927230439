import { unsupportedLayer, type LayerCall } from '../model/description.js';
import { lowerActivation, lowerELU, lowerLeakyReLU, lowerReLU, lowerSoftmax } from './activation.js';
import { lowerBatchNormalization } from './batch-normalization.js';
import { lowerConv2D } from './conv2d.js';
import { lowerDense } from './dense.js';
import { lowerDepthwiseConv2D } from './depthwise-conv2d.js';
import { lowerDropout, lowerSpatialDropout2D } from './dropout.js';
import { lowerFlatten, lowerReshape } from './flatten.js';
import { lowerGlobalAveragePooling2D, lowerGlobalMaxPooling2D } from './global-pooling2d.js';
import type { Lower, Step } from './layer.js';
import { lowerLayerNormalization } from './layer-normalization.js';
import { lowerAdd, lowerConcatenate, lowerMultiply } from './merge.js';
import { lowerAveragePooling2D, lowerMaxPooling2D } from './pooling2d.js';
import { lowerRescaling } from './rescaling.js';
import { lowerSeparableConv2D } from './separable-conv2d.js';
import { lowerZeroPadding2D } from './zero-padding2d.js';

/** Every layer that can be compiled, by its tfjs class. */
const layers: Readonly<Record<string, Lower>> = {
  InputLayer: () => [],
  Rescaling: lowerRescaling,
  Conv2D: lowerConv2D,
  DepthwiseConv2D: lowerDepthwiseConv2D,
  SeparableConv2D: lowerSeparableConv2D,
  MaxPooling2D: lowerMaxPooling2D,
  AveragePooling2D: lowerAveragePooling2D,
  GlobalAveragePooling2D: lowerGlobalAveragePooling2D,
  GlobalMaxPooling2D: lowerGlobalMaxPooling2D,
  ZeroPadding2D: lowerZeroPadding2D,
  BatchNormalization: lowerBatchNormalization,
  LayerNormalization: lowerLayerNormalization,
  Dropout: lowerDropout,
  SpatialDropout2D: lowerSpatialDropout2D,
  Flatten: lowerFlatten,
  Reshape: lowerReshape,
  Dense: lowerDense,
  Activation: lowerActivation,
  ReLU: lowerReLU,
  LeakyReLU: lowerLeakyReLU,
  ELU: lowerELU,
  Softmax: lowerSoftmax,
  Add: lowerAdd,
  Multiply: lowerMultiply,
  Concatenate: lowerConcatenate,
};

/** The tfjs classes of the layers that can be compiled. */
export const supportedLayers: readonly string[] = Object.keys(layers);

/**
 * The steps of one use of a layer.
 * @throws AtelierError MODEL_UNSUPPORTED naming the layer and what of it cannot be compiled
 */
export function lowerLayer(call: LayerCall): readonly Step[] {
  const lower = Object.hasOwn(layers, call.className) ? layers[call.className] : undefined;
  if (lower === undefined) {
    throw unsupportedLayer(call, 'cannot be compiled: it has no forward and backward pass here');
  }
  return lower(call);
}
