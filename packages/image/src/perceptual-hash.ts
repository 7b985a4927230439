import type { RawImage } from './codec.js';

/** The difference hash of a picture, and how much there is to see in it. */
export interface PerceptualHash {
  /** 64 bits as 16 hex digits. */
  readonly dhash: string;
  /**
   * Standard deviation of the grey values of the 9x8 thumbnail, 0-127.5. Below about 4 the picture is blank
   * and its hash is noise.
   */
  readonly detail: number;
}

const COLUMNS = 9;
const ROWS = 8;

/**
 * The difference hash (dHash, N. Krawetz 2013): the picture as 9x8 area-averaged grey values (ITU-R BT.601
 * luma); each bit says whether a value is smaller than its right neighbour.
 */
export function perceptualHash(image: RawImage): PerceptualHash {
  const grey = greyThumbnail(image);
  let hash = 0n;
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column < COLUMNS - 1; column++) {
      const i = row * COLUMNS + column;
      hash = (hash << 1n) | ((grey[i] as number) < (grey[i + 1] as number) ? 1n : 0n);
    }
  }
  const mean = grey.reduce((sum, v) => sum + v, 0) / grey.length;
  const variance = grey.reduce((sum, v) => sum + (v - mean) ** 2, 0) / grey.length;
  return { dhash: hash.toString(16).padStart(16, '0'), detail: Math.round(Math.sqrt(variance) * 100) / 100 };
}

/** Area-averaged grey values, rounded to 1/1000 so that equal areas compare equal. */
function greyThumbnail({ data, width, height }: RawImage): number[] {
  const sums = new Float64Array(COLUMNS * ROWS);
  const counts = new Float64Array(COLUMNS * ROWS);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * ROWS) / height) * COLUMNS;
    for (let x = 0; x < width; x++) {
      const cell = row + Math.floor((x * COLUMNS) / width);
      const i = (y * width + x) * 3;
      const luma = 299 * (data[i] as number) + 587 * (data[i + 1] as number) + 114 * (data[i + 2] as number);
      sums[cell] = (sums[cell] as number) + luma;
      counts[cell] = (counts[cell] as number) + 1;
    }
  }
  return [...sums].map((sum, i) => (counts[i] === 0 ? 0 : Math.round(sum / (counts[i] as number)) / 1000));
}

/** The number of bits in which two hashes differ, 0-64: the usual limit for "the same picture" is 5 to 10. */
export function hashDistance(a: string, b: string): number {
  let difference = BigInt(`0x${a}`) ^ BigInt(`0x${b}`);
  let bits = 0;
  for (; difference > 0n; difference &= difference - 1n) bits++;
  return bits;
}
