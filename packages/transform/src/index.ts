/**
 * Random transforms of pictures, for the augment stage and for training alike: sample one (plain data, so it can be
 * written down), compose its geometric parts into one affine, apply it to raw 8-bit RGB in one bilinear resample
 * with contrast after it. The same code runs wherever JavaScript does; only loading the kernel reads a file.
 */
export {
  centredCrop,
  compose,
  crop,
  flipHorizontal,
  flipVertical,
  identity,
  rotation,
  translation,
  type Affine,
  type Crop,
  type PictureSize,
} from './affine.js';
export { composeAffine, untransformed, type TransformParameters } from './parameters.js';
export { sampleAugment, type AugmentOptions } from './sample-augment.js';
export { sampleTraining, type TrainingOptions } from './sample-training.js';
export { applyReference } from './reference.js';
export { createTransformer, type Transformer } from './transformer.js';
export type { ContrastMean, Fill, TransformRequest } from './request.js';
