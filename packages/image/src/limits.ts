import type { AtelierError } from '@atelier/core/errors';
import { refuseImage } from './refusal.js';

/** What a source picture may be at most: part of `limits` in dataset.json. What is left out is not limited. */
export interface ImageLimits {
  /** Width x height. */
  readonly maxPixels: number;
  /** Pixels of the longer side. */
  readonly maxSide?: number;
  /** Frames of an animation, pages of a file. */
  readonly maxFrames?: number;
  /** Pixels for each byte of the file, of pictures with more than {@link HARMLESS_PIXELS}. */
  readonly maxPixelsPerByte?: number;
}

/** So many pixels are decoded whatever the size of the file: 16 megapixels take 64 to 128 MB. */
export const HARMLESS_PIXELS = 1 << 24;

/** The size of a picture as its header gives it, and that of its file. */
export interface ClaimedSize {
  readonly width: number;
  readonly height: number;
  /** Frames or pages, at least 1. */
  readonly frames: number;
  readonly sizeBytes: number;
}

/**
 * Holds what a header claims against the limits, before anything is decoded.
 * @returns the refusal; undefined where the picture is within the limits
 */
export function exceededLimit(claimed: ClaimedSize, limits: ImageLimits): AtelierError | undefined {
  const { width, height, frames, sizeBytes } = claimed;
  const { maxPixels, maxSide = Infinity, maxFrames = Infinity, maxPixelsPerByte = Infinity } = limits;
  const pixels = width * height;
  const side = Math.max(width, height);
  if (pixels > maxPixels) {
    return refuseImage(
      `it has ${width}x${height} pixels, more than limits.maxPixels ${maxPixels}`,
      'Shrink it, or raise limits.maxPixels in dataset.json.',
    );
  }
  if (side > maxSide) {
    return refuseImage(
      `its longer side has ${side} pixels, more than limits.maxSide ${maxSide}`,
      'Shrink it or cut it in parts, or raise limits.maxSide in dataset.json.',
    );
  }
  if (frames > maxFrames) {
    return refuseImage(
      `it has ${frames} frames or pages, more than limits.maxFrames ${maxFrames}`,
      'Save the one that is wanted as a file of its own, or raise limits.maxFrames in dataset.json.',
    );
  }
  if (pixels > HARMLESS_PIXELS && pixels / sizeBytes > maxPixelsPerByte) {
    return refuseImage(
      `its ${sizeBytes} bytes claim to hold ${width}x${height} pixels, more than ` +
        `limits.maxPixelsPerByte ${maxPixelsPerByte} for each: a bomb, or a header that lies`,
      'Remove it; if it is a real picture, save it anew as JPEG, or raise limits.maxPixelsPerByte in dataset.json.',
    );
  }
  return undefined;
}

/** The refusal of a file that is too large to be read. */
export function refuseSize(sizeBytes: number, maxFileBytes: number): AtelierError {
  return refuseImage(
    `it has ${sizeBytes} bytes, more than limits.maxFileBytes ${maxFileBytes}`,
    'Shrink it, or raise limits.maxFileBytes in dataset.json.',
  );
}
