// Pictures of the tests: each made here, small and asymmetric, so that a flip, a turn or a swapped channel shows.
import { loadSharp, type RawImage } from '../codec.js';
import type { PrepareOptions, ResizeOptions } from '../resize-image.js';

export type Rgb = readonly [red: number, green: number, blue: number];

export const RED: Rgb = [255, 0, 0];
export const GREEN: Rgb = [0, 255, 0];
export const BLUE: Rgb = [0, 0, 255];
export const WHITE: Rgb = [255, 255, 255];
export const BLACK: Rgb = [0, 0, 0];

/** The defaults of dataset.json, another value where one is given. */
export function options(resize: Partial<ResizeOptions> = {}): PrepareOptions {
  const defaults = {
    width: 300,
    height: 300,
    fit: 'fill',
    kernel: 'lanczos3',
    background: [255, 255, 255],
    format: 'jpeg',
    quality: 90,
  } satisfies ResizeOptions;
  return { resize: { ...defaults, ...resize }, limits: { maxPixels: 1_000_000 } };
}

/** A picture whose colour is a function of the place. */
export function picture(width: number, height: number, colour: (x: number, y: number) => Rgb): RawImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set(colour(x, y), (y * width + x) * 3);
  }
  return { data, width, height };
}

/** Red, blue above green, white. */
export function quadrants(width: number, height: number): RawImage {
  return picture(width, height, (x, y) =>
    y < height / 2 ? (x < width / 2 ? RED : BLUE) : x < width / 2 ? GREEN : WHITE,
  );
}

/** Soft shapes of many sizes with a little grain, like a photograph; another `seed`, another scene. */
export function scene(width: number, height: number, seed = 1): RawImage {
  let state = seed;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const wave = (length: number, cycles: number, phase: number) =>
    Float64Array.from({ length }, (_, i) => Math.sin(2 * Math.PI * ((cycles * i) / length + phase)));
  const shapes = Array.from({ length: 16 }, (_, i) => {
    const cycles = 1 + i / 2;
    const across = wave(width, (random() - 0.5) * cycles, random());
    const down = wave(height, (random() - 0.5) * cycles, random());
    return { across, down, heights: [random(), random(), random()].map((h) => (h - 0.4) * 120) };
  });
  return picture(width, height, (x, y) => {
    const colour = [128, 120, 110].map((base) => base + (random() - 0.5) * 8);
    for (const { across, down, heights } of shapes) {
      const value = (across[x] as number) * (down[y] as number);
      for (let c = 0; c < 3; c++) colour[c] = (colour[c] as number) + value * (heights[c] as number);
    }
    return colour.map((v) => Math.min(255, Math.max(0, Math.round(v)))) as unknown as Rgb;
  });
}

/** The picture as a sharp pipeline, to be written in any format. */
export async function pipeline({ data, width, height }: RawImage) {
  const sharp = await loadSharp();
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** The picture as a PNG file: lossless. */
export async function png(image: RawImage): Promise<Uint8Array> {
  return (await pipeline(image)).png().toBuffer();
}

/** The colour of one pixel. */
export function pixel({ data, width }: RawImage, x: number, y: number): Rgb {
  return [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)] as unknown as Rgb;
}

/** The largest difference between two pictures of one size, in levels. */
export function worst(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

/** The mean absolute difference between two pictures of one size, in levels. */
export function meanError(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] as number)), 0) / a.length;
}
