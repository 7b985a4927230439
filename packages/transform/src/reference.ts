import type { Affine, PictureSize } from './affine.js';
import { checkSize, planTransform, type ContrastMean, type Fill, type TransformRequest } from './request.js';

/**
 * Transforms one picture: one bilinear resample in double precision, rounded half up to 8 bits, then contrast. This
 * is the readable definition; `createTransformer` gives the fast path, equal within one level.
 * @returns `request.out`, filled
 * @throws AtelierError INPUT_INVALID for a wrong size, buffer or parameter
 */
export function applyReference(request: TransformRequest, size: PictureSize): Uint8Array {
  checkSize(size);
  const { affine, contrastFactor } = planTransform(request, size);
  const warped = affine === null ? request.pixels : warp(request, affine, size);
  request.out.set(contrastFactor === null ? warped : spread(warped, contrastFactor, request.contrast));
  return request.out;
}

/** The index inside [0, size) that stands for any index, or -1 where the fill is black. */
function insideIndex(index: number, size: number, fill: Fill): number {
  if (index >= 0 && index < size) return index;
  if (fill === 'constant') return -1;
  if (fill === 'nearest') return index < 0 ? 0 : size - 1;
  const period = 2 * size;
  const folded = ((index % period) + period) % period;
  return folded < size ? folded : period - 1 - folded;
}

function warp(
  { pixels, fill }: TransformRequest,
  affine: Affine,
  { width, height }: PictureSize,
): Uint8Array {
  const [a, b, c, d, e, f] = affine;
  const out = new Uint8Array(pixels.length);
  const offsetOf = (x: number, y: number): number => {
    const column = insideIndex(x, width, fill);
    const row = insideIndex(y, height, fill);
    return column < 0 || row < 0 ? -1 : (row * width + column) * 3;
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inX = a * x + b * y + c;
      const inY = d * x + e * y + f;
      const left = Math.floor(inX);
      const top = Math.floor(inY);
      const right = inX - left;
      const below = inY - top;
      const neighbours = [
        { offset: offsetOf(left, top), weight: (1 - right) * (1 - below) },
        { offset: offsetOf(left + 1, top), weight: right * (1 - below) },
        { offset: offsetOf(left, top + 1), weight: (1 - right) * below },
        { offset: offsetOf(left + 1, top + 1), weight: right * below },
      ];
      for (let channel = 0; channel < 3; channel++) {
        let value = 0;
        for (const { offset, weight } of neighbours) {
          if (offset >= 0) value += weight * (pixels[offset + channel] as number);
        }
        out[(y * width + x) * 3 + channel] = Math.floor(value + 0.5);
      }
    }
  }
  return out;
}

/** Contrast in single precision, operation by operation as Pillow's Blend.c computes it. */
function spread(pixels: Uint8Array, factor: number, about: ContrastMean): Uint8Array {
  const means = about === 'grey' ? greyMean(pixels) : channelMeans(pixels);
  const rounding = about === 'grey' ? 0 : 0.5;
  return pixels.map((value, i) => {
    const mean = means[i % 3] as number;
    const away = Math.fround(Math.fround(factor) * Math.fround(value - mean));
    const result = Math.fround(Math.fround(mean + away) + rounding);
    return Math.min(255, Math.max(0, Math.trunc(result)));
  });
}

/** The mean of Pillow's grey picture (ITU-R 601-2 luma in 16-bit fixed point), rounded; once for each channel. */
function greyMean(pixels: Uint8Array): number[] {
  let total = 0;
  for (let i = 0; i < pixels.length; i += 3) {
    const [red, green, blue] = [pixels[i] as number, pixels[i + 1] as number, pixels[i + 2] as number];
    total += (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
  }
  const mean = Math.floor(total / (pixels.length / 3) + 0.5);
  return [mean, mean, mean];
}

function channelMeans(pixels: Uint8Array): number[] {
  const totals = [0, 0, 0];
  pixels.forEach((value, i) => ((totals[i % 3] as number) += value));
  return totals.map((total) => Math.fround(total / (pixels.length / 3)));
}
