import type { DatasetConfig, RandomStream } from '@atelier/core';
import { centredCrop } from './affine.js';
import type { TransformParameters } from './parameters.js';

/** The ranges of the random layers of training: the transforms of `train.augment` of dataset.json. */
export type TrainingOptions = Pick<
  NonNullable<DatasetConfig['train']['augment']>,
  'flip' | 'rotation' | 'zoom' | 'translation' | 'contrast'
>;

/**
 * Draws one transform as the chain of Keras' preprocessing layers would (keras 3,
 * `keras/src/layers/preprocessing/image_preprocessing/`): RandomFlip, RandomRotation, RandomZoom, RandomTranslation,
 * RandomContrast, each always applied.
 * - flip: a coin per allowed axis, as Keras documents it and Keras 2 does. (Keras 3.15 tosses one coin for both axes
 *   of "horizontal_and_vertical", so it turns every other picture by 180 degrees and never mirrors one.)
 * - rotation: uniform in [-rotation, rotation) of a full turn;
 * - zoom: shows [1 - zoom, 1 + zoom) of both sides around the centre, so below 1 it enlarges (RandomZoom with no width
 *   factor keeps the aspect);
 * - translation: uniform in [-height, height) and [-width, width), fractions of the sides;
 * - contrast: a factor uniform in [1 - contrast, 1 + contrast), about the mean of each channel.
 *
 * Keras resamples after every layer and fills each time; here the parts become one resample ({@link composeAffine}).
 * It always takes the same seven numbers from the stream, each for one purpose. A range of 0 leaves its part out.
 */
export function sampleTraining(options: TrainingOptions, random: RandomStream): TransformParameters {
  const allowed = (axis: 'horizontal' | 'vertical') =>
    options.flip === axis || options.flip === 'horizontal_and_vertical';
  const horizontal = random.chance(0.5) && allowed('horizontal');
  const vertical = random.chance(0.5) && allowed('vertical');
  const turn = random.uniform(-options.rotation, options.rotation);
  const side = random.uniform(1 - options.zoom, 1 + options.zoom);
  const y = random.uniform(-options.translation.height, options.translation.height);
  const x = random.uniform(-options.translation.width, options.translation.width);
  const factor = random.uniform(1 - options.contrast, 1 + options.contrast);
  const moves = options.translation.height > 0 || options.translation.width > 0;
  return {
    flip: horizontal || vertical ? { horizontal, vertical } : null,
    rotation: options.rotation > 0 ? { degrees: turn * 360 } : null,
    zoom: options.zoom > 0 ? { crop: centredCrop(side) } : null,
    translation: moves ? { x, y } : null,
    contrast: options.contrast > 0 ? { factor } : null,
  };
}
