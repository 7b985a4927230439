import type { PictureSize } from '../affine.js';

// jest looks a global up slowly, and these are used for each value
const { abs, imul } = Math;

/** An RGB picture whose value at each place is given: uint8 [height, width, 3]. */
export function picture(
  { width, height }: PictureSize,
  colourAt: (x: number, y: number) => readonly number[],
): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels.set(colourAt(x, y), (y * width + x) * 3);
  }
  return pixels;
}

/** One colour everywhere. */
export const plain = (size: PictureSize, level: number) => picture(size, () => [level, level, level]);

/** Noise: the sharpest edges there are, and no symmetry. */
export function noise(size: PictureSize, seed = 1): Uint8Array {
  return new Uint8Array(size.width * size.height * 3).map((_, i) => scrambled(i + seed * 0x1000000));
}

/** A byte that looks random, from an integer (the finalizer of MurmurHash3). */
function scrambled(value: number): number {
  const mixed = imul(value ^ (value >>> 16), 0x85ebca6b);
  return imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) >>> 24;
}

/** No symmetry, smooth in red, edges in green, noise in blue. */
export function asymmetric(size: PictureSize): Uint8Array {
  return picture(size, (x, y) => [
    Math.round((180 * x) / size.width + (70 * y) / size.height),
    (x * 3 + y * 5) % 40 < 11 && y > x / 3 ? 230 : 20,
    scrambled(x * 65536 + y),
  ]);
}

/** Quarters: top left red, top right blue, bottom left green, bottom right white. */
export const quarters = (size: PictureSize) =>
  picture(size, (x, y) => {
    const right = x >= size.width / 2;
    if (y < size.height / 2) return right ? [0, 0, 255] : [255, 0, 0];
    return right ? [255, 255, 255] : [0, 255, 0];
  });

/** The largest difference of two pictures, in levels. */
export function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let difference = 0;
  for (let i = 0; i < a.length; i++) {
    const here = abs((a[i] as number) - (b[i] as number));
    if (here > difference) difference = here;
  }
  return difference;
}

/** The mean of all values. */
export const mean = (values: Uint8Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
