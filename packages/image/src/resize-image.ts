import type { DatasetConfig } from '@atelier/core';
import { decodeJpeg, encodeJpeg, loadSharp, type RawImage } from './codec.js';
import { probeImage } from './probe-image.js';
import { refuseDecode, type ImageLimits } from './refusal.js';

/** How a source becomes a picture of the dataset: the `resize` part of dataset.json. */
export type ResizeOptions = DatasetConfig['resize'];

/** What {@link resizeImage} and {@link prepareImage} need to know. */
export interface PrepareOptions {
  readonly resize: ResizeOptions;
  readonly limits: ImageLimits;
}

/**
 * Decodes a source picture in full and brings it to the one size: EXIF orientation applied, colour profile
 * converted to sRGB, alpha flattened on the background, first frame of an animation, 16-bit, grey, CMYK and
 * palette all made 8-bit RGB, resized by sharp (libvips, antialiased; a JPEG is never shrunk while
 * loading, so the result does not depend on the format).
 * @returns uint8 [resize.height, resize.width, 3]
 * @throws AtelierError INPUT_INVALID where any part of the file cannot be decoded: nothing half-read passes
 */
export async function resizeImage(bytes: Uint8Array, options: PrepareOptions): Promise<RawImage> {
  const { resize, limits } = options;
  await probeImage(bytes, limits);
  const sharp = await loadSharp();
  const [r, g, b] = resize.background;
  const background = { r, g, b, alpha: 1 };
  try {
    const { data, info } = await sharp(bytes, {
      limitInputPixels: limits.maxPixels,
      failOn: 'warning',
      pages: 1,
    })
      .autoOrient()
      .resize(resize.width, resize.height, {
        fit: resize.fit,
        kernel: resize.kernel,
        background,
        fastShrinkOnLoad: false,
      })
      .flatten({ background })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { data: threeChannels(data, info), width: info.width, height: info.height };
  } catch (error) {
    throw refuseDecode(error);
  }
}

/**
 * Prepares a picture exactly as preprocessing did: resized, written as the dataset's JPEG, read back.
 * @returns the JPEG's bytes, and its decoded pixels uint8 [resize.height, resize.width, 3]
 * @throws AtelierError INPUT_INVALID as {@link resizeImage}
 */
export async function prepareImage(
  bytes: Uint8Array,
  options: PrepareOptions,
): Promise<{ jpeg: Uint8Array; pixels: Uint8Array; width: number; height: number }> {
  const resized = await resizeImage(bytes, options);
  const jpeg = await encodeJpeg(resized, options.resize.quality);
  const { data, width, height } = await decodeJpeg(jpeg);
  return { jpeg, pixels: data, width, height };
}

/** Grey pictures may come out of sharp with one channel: red, green and blue are then the same. */
function threeChannels(
  data: Uint8Array,
  info: { width: number; height: number; channels: number },
): Uint8Array {
  if (info.channels === 3) return data;
  const pixels = info.width * info.height;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) rgb.fill(data[i * info.channels] as number, i * 3, i * 3 + 3);
  return rgb;
}
