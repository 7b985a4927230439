import type { ImageHeader } from '../probe-image.js';

/** What is known of a picture's size before it is decoded. */
export type KnownSize = Pick<ImageHeader, 'format' | 'width' | 'height'> & { readonly sizeBytes: number };

/**
 * Bytes for each pixel while a picture is decoded, at worst, as measured: 16-bit interlaced PNG and lossless WebP
 * take 8, AVIF 18; a plain JPEG takes next to none.
 */
const BYTES_PER_PIXEL = 8;
const BYTES_PER_AVIF_PIXEL = 18;

/** The memory that decoding a picture takes at worst: its file, and its pixels. */
export function memoryNeeded({ format, width, height, sizeBytes }: KnownSize): number {
  return sizeBytes + width * height * (format === 'heif' ? BYTES_PER_AVIF_PIXEL : BYTES_PER_PIXEL);
}
