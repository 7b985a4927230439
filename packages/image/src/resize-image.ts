import type { DatasetConfig } from '@atelier/core';
import { decodeJpeg, encodeJpeg, loadSharp, plainBytes, type RawImage } from './codec.js';
import type { ImageLimits } from './limits.js';
import { inspectImage } from './probe-image.js';
import { refuseDecode, refuseImage } from './refusal.js';

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
 * palette all made 8-bit RGB, resized by sharp (libvips, antialiased).
 *
 * Shrunk pictures agree with Pillow's LANCZOS within a third of a level on average; a JPEG or WebP of more than
 * four times the size is halved while it is decoded, which keeps it within that. Enlarged pictures lie up to half
 * an output pixel further right and down than Pillow's: libvips samples so, and prediction does the same.
 * @returns uint8 [resize.height, resize.width, 3]
 * @throws AtelierError INPUT_INVALID where any part of the file cannot be decoded: nothing half-read passes
 */
export async function resizeImage(bytes: Uint8Array, options: PrepareOptions): Promise<RawImage> {
  const { resize, limits } = options;
  const { isGrey } = await inspectImage(bytes, limits);
  const sharp = await loadSharp();
  const [r, g, b] = resize.background;
  const background = { r, g, b, alpha: 1 };
  try {
    const picture = sharp(bytes, { limitInputPixels: limits.maxPixels, failOn: 'warning', pages: 1 });
    // a grey picture would make the background grey as well
    if (isGrey) picture.pipelineColourspace('srgb');
    const { data, info } = await picture
      .autoOrient()
      .resize(resize.width, resize.height, {
        fit: resize.fit,
        kernel: resize.kernel,
        background,
        fastShrinkOnLoad: false,
      })
      .flatten({ background })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) {
      throw refuseImage(
        `it decodes to ${info.channels} channels, not to red, green and blue`,
        'Save it as an RGB picture, or remove it.',
      );
    }
    return { data: plainBytes(data), width: info.width, height: info.height };
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
