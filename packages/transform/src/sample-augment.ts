import type { DatasetConfig, RandomStream } from '@atelier/core';
import type { TransformParameters } from './parameters.js';

/** The ranges of the augment stage: the transforms of the `augment` part of dataset.json. */
export type AugmentOptions = Pick<
  DatasetConfig['augment'],
  'flip' | 'rotation' | 'zoom' | 'translation' | 'contrast'
>;

/**
 * Draws one transform for the augment stage. Each part is applied with its own probability:
 * - flip: along one of the allowed axes or, when both are allowed, along either or both, each as likely;
 * - rotation: uniform in [-maxDegrees, maxDegrees);
 * - zoom: a crop of a side uniform in (1 - factor, 1], the same fraction of both sides, anywhere in the picture;
 * - translation: uniform in [-x, x) and [-y, y);
 * - contrast: a factor uniform in [1 - max, 1 + max).
 *
 * It always takes the same thirteen numbers from the stream, each for one purpose: another range or probability of
 * one part changes nothing in the others.
 */
export function sampleAugment(options: AugmentOptions, random: RandomStream): TransformParameters {
  const flip = sampleFlip(options.flip, random);
  const turns = random.chance(options.rotation.probability);
  const degrees = random.uniform(-options.rotation.maxDegrees, options.rotation.maxDegrees);
  const zooms = random.chance(options.zoom.probability);
  const side = 1 - options.zoom.factor * random.next();
  const cropX = (1 - side) * random.next();
  const cropY = (1 - side) * random.next();
  const moves = random.chance(options.translation.probability);
  const x = random.uniform(-options.translation.x, options.translation.x);
  const y = random.uniform(-options.translation.y, options.translation.y);
  const contrasts = random.chance(options.contrast.probability);
  const factor = random.uniform(1 - options.contrast.max, 1 + options.contrast.max);
  return {
    flip,
    rotation: turns ? { degrees } : null,
    zoom: zooms ? { crop: { x: cropX, y: cropY, width: side, height: side } } : null,
    translation: moves ? { x, y } : null,
    contrast: contrasts ? { factor } : null,
  };
}

function sampleFlip(options: AugmentOptions['flip'], random: RandomStream): TransformParameters['flip'] {
  const flips = random.chance(options.probability);
  const share = random.next();
  const { horizontal, vertical } = options;
  if (!flips || !(horizontal || vertical)) return null;
  if (!(horizontal && vertical)) return { horizontal, vertical };
  return { horizontal: share < 2 / 3, vertical: share >= 1 / 3 };
}
