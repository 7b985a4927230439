import { float16Bits } from '@atelier/artifacts';
import type { DatasetConfig } from '@atelier/core';
import type { ChannelStatistics } from './channel-statistics.js';

type Dtype = DatasetConfig['normalize']['dtype'];

/** The elements of a tensor: float16 as bits. */
export type PixelTensor = Float32Array | Uint16Array | Uint8Array;

/** Bytes of one value. */
export function bytesPerValue(dtype: Dtype): 1 | 2 | 4 {
  return dtype === 'float32' ? 4 : dtype === 'float16' ? 2 : 1;
}

/**
 * Makes the function that turns pixels into tensor values: (pixel / 255 - mean) / std per channel, computed in double
 * precision once per possible value and rounded once; uint8 keeps the pixels.
 * @returns a function from uint8 [height, width, 3] to a tensor of the same length
 */
export function pixelEncoder(
  dtype: Dtype,
  statistics: ChannelStatistics | null,
): (rgb: Uint8Array) => PixelTensor {
  if (dtype === 'uint8') return (rgb) => rgb;
  const value = (v: number, c: 0 | 1 | 2) =>
    statistics === null ? v / 255 : (v / 255 - statistics.mean[c]) / statistics.std[c];
  const create = (length: number) =>
    dtype === 'float32' ? new Float32Array(length) : new Uint16Array(length);
  const tables = ([0, 1, 2] as const).map((channel) => {
    const table = create(256);
    for (let v = 0; v < 256; v++)
      table[v] = dtype === 'float32' ? value(v, channel) : float16Bits(value(v, channel));
    return table;
  }) as [PixelTensor, PixelTensor, PixelTensor];
  const [red, green, blue] = tables;
  return (rgb) => {
    const tensor = create(rgb.length);
    for (let i = 0; i < rgb.length; i += 3) {
      tensor[i] = red[rgb[i] as number] as number;
      tensor[i + 1] = green[rgb[i + 1] as number] as number;
      tensor[i + 2] = blue[rgb[i + 2] as number] as number;
    }
    return tensor;
  };
}
