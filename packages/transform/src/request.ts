import { AtelierError, type DatasetConfig } from '@atelier/core';
import { identity, type Affine, type PictureSize } from './affine.js';
import { composeAffine, type TransformParameters } from './parameters.js';

/**
 * What shows where a transform reaches outside the picture:
 * - `reflect`: `(d c b a | a b c d | d c b a)`, as Keras and scipy name it (OpenCV: BORDER_REFLECT);
 * - `nearest`: `(a a a a | a b c d | d d d d)` (OpenCV: BORDER_REPLICATE);
 * - `constant`: black, blended with the outermost pixels over the width of one pixel (OpenCV: BORDER_CONSTANT).
 */
export type Fill = DatasetConfig['augment']['fill'];

/**
 * The mean that contrast spreads the values about, `mean + factor (value - mean)`, clipped to [0, 255]:
 * - `grey`: of the grey picture, rounded to an integer, the result cut to one: Pillow's `ImageEnhance.Contrast`,
 *   bit for bit;
 * - `channel`: of each channel, the result rounded half up: Keras' RandomContrast.
 */
export type ContrastMean = 'grey' | 'channel';

/** One picture to transform. */
export interface TransformRequest {
  /** uint8 [height, width, 3] RGB. Not written to. */
  pixels: Uint8Array;
  /** Where the result goes, uint8 [height, width, 3] RGB; it may lie in shared memory, or be `pixels` itself. */
  out: Uint8Array;
  parameters: TransformParameters;
  fill: Fill;
  contrast: ContrastMean;
}

/** Sides above this do not fit the 16-bit lanes of the fast path. */
const maxSide = 32_766;
/** Coordinates above this lose their fraction in single precision. */
const maxCoordinate = 2 ** 22;

/**
 * Checks that pictures can be of this size.
 * @throws AtelierError INPUT_INVALID
 */
export function checkSize({ width, height }: PictureSize): void {
  const fits = (side: number) => Number.isInteger(side) && side >= 1 && side <= maxSide;
  if (fits(width) && fits(height)) return;
  throw new AtelierError({
    code: 'INPUT_INVALID',
    action: 'transform pictures',
    problem: `their size is ${width} x ${height}`,
    hint: `Each side must be a whole number of pixels from 1 to ${maxSide}.`,
  });
}

/** A checked request: what is left to do. */
export interface TransformPlan {
  /** null when no pixel moves. */
  affine: Affine | null;
  /** null when no value changes. */
  contrastFactor: number | null;
}

/**
 * Checks a request and composes its transform.
 * @throws AtelierError INPUT_INVALID when a buffer has another length than the size asks for, or when a parameter is
 * not finite or takes the picture farther away than can be computed
 */
export function planTransform(request: TransformRequest, size: PictureSize): TransformPlan {
  const { pixels, out, parameters } = request;
  const length = size.width * size.height * 3;
  if (pixels.length !== length || out.length !== length) {
    throw invalid(
      `the input has ${pixels.length} bytes and the output ${out.length}, where ${size.width} x ${size.height} RGB has ${length}`,
      'Pass the raw pixels of pictures of the size that the transformer was made for.',
    );
  }
  const affine = composeAffine(parameters, size);
  const contrastFactor = parameters.contrast?.factor ?? null;
  if (!reachesOnlyNear(affine, size) || !Number.isFinite(contrastFactor ?? 0)) {
    throw invalid(
      `its parameters are ${JSON.stringify(parameters)}`,
      `Every number must be finite, and no pixel may come from farther away than ${maxCoordinate} pixels.`,
    );
  }
  const moves = affine.some((value, i) => value !== identity[i]);
  return { affine: moves ? affine : null, contrastFactor: contrastFactor === 1 ? null : contrastFactor };
}

/**
 * True when every pixel comes from less than maxCoordinate away, the up to three after the end of a row included
 * that the fast path computes and drops.
 */
function reachesOnlyNear([a, b, c, d, e, f]: Affine, { width, height }: PictureSize): boolean {
  return [0, width + 3].every((x) =>
    [0, height - 1].every(
      (y) => Math.abs(a * x + b * y + c) < maxCoordinate && Math.abs(d * x + e * y + f) < maxCoordinate,
    ),
  );
}

function invalid(problem: string, hint: string): AtelierError {
  return new AtelierError({ code: 'INPUT_INVALID', action: 'transform a picture', problem, hint });
}
