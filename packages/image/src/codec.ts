import type { Sharp, SharpOptions } from 'sharp';

/** Raw pixels: `data` is uint8 [height, width, 3], red green blue, values 0-255, row by row. */
export interface RawImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * What decodes, resizes and encodes. Part of the keys of whatever is made with it: another release may round
 * otherwise, and its pictures are then all made again.
 */
export const codec = 'sharp 0.35.5';

type SharpModule = (input?: SharpInput, options?: SharpOptions) => Sharp;
type SharpInput = Uint8Array | string;

/**
 * The loaders of libvips that may run. All others stay shut whatever a file's bytes look like: SVG, which can reach
 * out to other files, the text formats (matrix, CSV), libvips' own, and the one for gain maps, which would spend
 * three times the work on the same pixels.
 */
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'].map((name) => `VipsForeignLoad${name}`);

let loaded: Promise<SharpModule> | undefined;

/**
 * sharp, loaded at the first use and set for many pictures at once: no cache between files, one thread per
 * picture (the pictures themselves run side by side), and no loader but those of the formats that are read.
 */
export function loadSharp(): Promise<SharpModule> {
  loaded ??= import('sharp').then(({ default: sharp }) => {
    sharp.cache(false);
    sharp.concurrency(1);
    sharp.block({ operation: ['VipsForeignLoad'] });
    sharp.unblock({ operation: LOADERS });
    return sharp as unknown as SharpModule;
  });
  return loaded;
}

/**
 * Encodes pixels as a baseline JPEG with 4:2:0 chroma, the form of every picture that a stage writes.
 * @param quality 1-100
 */
export async function encodeJpeg(image: RawImage, quality: number): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const { width, height } = image;
  return sharp(image.data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality, optimiseCoding: false })
    .toBuffer();
}

/** Decodes a JPEG that {@link encodeJpeg} wrote. */
export async function decodeJpeg(bytes: Uint8Array): Promise<RawImage> {
  const sharp = await loadSharp();
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return { data: plainBytes(data), width: info.width, height: info.height };
}

/** The same bytes as a plain Uint8Array: a Buffer is another class to whoever compares constructors. */
export function plainBytes({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}
