import { AtelierError } from '@atelier/core';
import type { ModelMetadata } from '../metadata.js';

/**
 * Checks that pixels are what the model takes: RGB bytes 0-255, whole pictures of the model's size. A model that is
 * given values already divided by 255 answers with confidence and is wrong, so anything but bytes is refused.
 * @param pixels uint8 [count, height, width, channels]
 * @returns the number of pictures
 * @throws AtelierError INPUT_INVALID naming what was given
 */
export function checkPixels(pixels: ArrayLike<number>, input: ModelMetadata['input']): number {
  const one = input.height * input.width * input.channels;
  const count = pixels.length / one;
  const bytes = pixels instanceof Uint8Array || pixels instanceof Uint8ClampedArray;
  if (bytes && Number.isInteger(count) && count > 0) return count;
  throw new AtelierError({
    code: 'INPUT_INVALID',
    action: 'classify the pixels',
    problem: bytes
      ? `${pixels.length} values are not one or more pictures of ${input.height}x${input.width}x${input.channels}`
      : `they are ${valueRange(pixels)} in ${pixels.constructor.name}, not bytes`,
    hint: 'Give a Uint8Array of RGB pixels 0-255: the model scales them itself.',
  });
}

function valueRange(values: ArrayLike<number>): string {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i] as number);
    high = Math.max(high, values[i] as number);
  }
  return `values from ${low} to ${high}`;
}
