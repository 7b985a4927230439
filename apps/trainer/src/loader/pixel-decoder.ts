import { fromFloat16 } from '@atelier/artifacts';
import type { NormalizedDataset } from './normalized-dataset.js';

/** The stored elements of a picture: float32, float16 as bits, or the pixels themselves. */
export type StoredElements = Float32Array | Uint16Array | Uint8Array;

/** Recovers pixels from stored values; both hold [height, width, 3] values. */
export type PixelDecoder = (stored: StoredElements, pixels: Uint8Array) => void;

/**
 * Undoes normalization, exactly: pixel = round((value x std + mean) x 255), which every stored dtype is precise enough
 * for.
 */
export function pixelDecoder({
  dtype,
  mean,
  std,
}: Pick<NormalizedDataset, 'dtype' | 'mean' | 'std'>): PixelDecoder {
  if (dtype === 'uint8') return (stored, pixels) => pixels.set(stored);
  const scale = [0, 1, 2].map((c) => (std?.[c] ?? 1) * 255);
  const offset = [0, 1, 2].map((c) => (mean?.[c] ?? 0) * 255);
  if (dtype === 'float16') return float16Decoder(scale, offset);
  const [s0, s1, s2] = scale as [number, number, number];
  const [o0, o1, o2] = offset.map((value) => value + 0.5) as [number, number, number];
  return (stored, pixels) => {
    for (let i = 0; i < pixels.length; i += 3) {
      pixels[i] = (stored[i] as number) * s0 + o0;
      pixels[i + 1] = (stored[i + 1] as number) * s1 + o1;
      pixels[i + 2] = (stored[i + 2] as number) * s2 + o2;
    }
  };
}

/** By a table of what each of the 65,536 bit patterns is in each channel. */
function float16Decoder(scale: readonly number[], offset: readonly number[]): PixelDecoder {
  const patterns = new Uint16Array(0x10000);
  for (let bits = 0; bits < patterns.length; bits++) patterns[bits] = bits;
  const values = fromFloat16(patterns);
  const [red, green, blue] = [0, 1, 2].map((c) => {
    const table = new Uint8ClampedArray(values.length); // rounds and clamps
    for (let i = 0; i < table.length; i++) {
      table[i] = (values[i] as number) * (scale[c] as number) + (offset[c] as number);
    }
    return table;
  }) as [Uint8ClampedArray, Uint8ClampedArray, Uint8ClampedArray];
  return (stored, pixels) => {
    for (let i = 0; i < pixels.length; i += 3) {
      pixels[i] = red[stored[i] as number] as number;
      pixels[i + 1] = green[stored[i + 1] as number] as number;
      pixels[i + 2] = blue[stored[i + 2] as number] as number;
    }
  };
}
