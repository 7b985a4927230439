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
  const values = fromFloat16(Uint16Array.from({ length: 0x10000 }, (_, bits) => bits));
  const tables = scale.map((factor, c) =>
    Uint8Array.from(values, (value) =>
      Math.min(255, Math.max(0, Math.round(value * factor + (offset[c] as number)))),
    ),
  ) as [Uint8Array, Uint8Array, Uint8Array];
  return (stored, pixels) => {
    for (let i = 0; i < pixels.length; i++) {
      pixels[i] = (tables[i % 3] as Uint8Array)[stored[i] as number] as number;
    }
  };
}
