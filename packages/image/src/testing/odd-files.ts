// Odd picture files: real ones, taken apart and put together again wrongly, and some that no encoder here writes.
import { crc32 } from 'node:zlib';
import { encodeJpeg } from '../codec.js';
import { picture, png, type Rgb } from './pictures.js';

/** Latin-1 text as bytes. */
export const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

export const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

/** A JPEG of 24x16 pixels of one colour. */
export const jpegOf = (colour: Rgb) =>
  encodeJpeg(
    picture(24, 16, () => colour),
    95,
  );

/** A PNG of 24x16 pixels of one colour. */
export const pngOf = (colour: Rgb) => png(picture(24, 16, () => colour));

/** A JPEG segment: marker, length, content. */
export const segment = (marker: number, content: Uint8Array) =>
  joined(Uint8Array.of(0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 255), content);

/** A JPEG with segments put in behind its first two bytes. */
export const withSegments = (jpeg: Uint8Array, ...segments: Uint8Array[]) =>
  joined(jpeg.subarray(0, 2), ...segments, jpeg.subarray(2));

/** A colour profile as APP2 segments of 65,000 bytes (ICC.1:2010, annex B.4). */
export function profileSegments(profile: Uint8Array): Uint8Array[] {
  const size = 65_000;
  const count = Math.ceil(profile.length / size);
  return Array.from({ length: count }, (_, i) =>
    segment(
      0xe2,
      joined(
        latin1('ICC_PROFILE\0'),
        Uint8Array.of(i + 1, count),
        profile.subarray(i * size, (i + 1) * size),
      ),
    ),
  );
}

/** A PNG chunk: length, type, content, checksum. */
export function chunk(type: string, content: Uint8Array): Uint8Array {
  const bytes = Buffer.concat([Buffer.alloc(4), latin1(type), content, Buffer.alloc(4)]);
  bytes.writeUInt32BE(content.length, 0);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.length - 4);
  return new Uint8Array(bytes);
}

/** A PNG with chunks put in behind its header. */
export const withChunks = (file: Uint8Array, ...chunks: Uint8Array[]) =>
  joined(file.subarray(0, 33), ...chunks, file.subarray(33));

/** A PNG that says in its header that it is of another size. */
export function pngClaiming(file: Uint8Array, width: number, height: number): Uint8Array {
  const bytes = Buffer.from(file);
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
  return new Uint8Array(bytes);
}

/** A JPEG that says in its frame header that it is of another size. */
export function jpegClaiming(file: Uint8Array, width: number, height: number): Uint8Array {
  const bytes = Buffer.from(file);
  const at = [0xc0, 0xc2].map((marker) => bytes.indexOf(Uint8Array.of(0xff, marker))).find((i) => i > 0);
  bytes.writeUInt16BE(height, (at as number) + 5);
  bytes.writeUInt16BE(width, (at as number) + 7);
  return new Uint8Array(bytes);
}

/** A little-endian TIFF with one tag of its first directory made another, or given another value. */
export function retagged(
  tiff: Uint8Array,
  tag: number,
  change: { readonly tag?: number; readonly value?: number },
): Uint8Array {
  const bytes = Buffer.from(tiff);
  const start = bytes.readUInt32LE(4);
  for (let at = start + 2; at < start + 2 + bytes.readUInt16LE(start) * 12; at += 12) {
    if (bytes.readUInt16LE(at) !== tag) continue;
    if (change.tag !== undefined) bytes.writeUInt16LE(change.tag, at);
    if (change.value !== undefined) bytes.writeUInt16LE(change.value, at + 8);
    return new Uint8Array(bytes);
  }
  throw new Error(`no tag ${tag}`);
}

/**
 * A lossless grey JPEG (ITU-T T.81, annex H): predictor 1 (the left neighbour), each difference as a category of four
 * bits and the bits of its value.
 */
export function losslessJpeg(
  width: number,
  height: number,
  grey: (x: number, y: number) => number,
): Uint8Array {
  const bits: number[] = [];
  const put = (value: number, count: number) => {
    for (let i = count - 1; i >= 0; i--) bits.push((value >> i) & 1);
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const predicted = x > 0 ? grey(x - 1, y) : y > 0 ? grey(0, y - 1) : 128;
      const difference = grey(x, y) - predicted;
      const category = difference === 0 ? 0 : Math.floor(Math.log2(Math.abs(difference))) + 1;
      put(category, 4);
      put(difference < 0 ? difference + (1 << category) - 1 : difference, category);
    }
  }
  while (bits.length % 8 !== 0) bits.push(1);
  const scan: number[] = [];
  for (let i = 0; i < bits.length; i += 8) {
    scan.push(bits.slice(i, i + 8).reduce((byte, bit) => (byte << 1) | bit, 0));
    if (scan.at(-1) === 0xff) scan.push(0);
  }
  const sides = [height >> 8, height & 255, width >> 8, width & 255];
  const codeLengths = [0, 0, 0, 9, ...new Array<number>(12).fill(0)]; // nine codes of four bits
  return joined(
    Uint8Array.of(0xff, 0xd8),
    segment(0xc3, Uint8Array.of(8, ...sides, 1, 1, 0x11, 0)),
    segment(0xc4, Uint8Array.of(0, ...codeLengths, 0, 1, 2, 3, 4, 5, 6, 7, 8)),
    segment(0xda, Uint8Array.of(1, 1, 0, 1, 0, 0)),
    Uint8Array.from(scan),
    Uint8Array.of(0xff, 0xd9),
  );
}

/** A big-endian TIFF of 16-bit grey values, uncompressed (TIFF 6.0, section 4). */
export function deepTiff(width: number, height: number, grey: (x: number, y: number) => number): Uint8Array {
  const tags: readonly (readonly [tag: number, value: number])[] = [
    [256, width],
    [257, height],
    [258, 16], // bits per value
    [259, 1], // no compression
    [262, 1], // 0 is black
    [273, 8], // where the values begin
    [277, 1], // values per pixel
    [278, height],
    [279, width * height * 2],
  ];
  const values = Buffer.alloc(width * height * 2);
  for (let i = 0; i < width * height; i++)
    values.writeUInt16BE(grey(i % width, Math.floor(i / width)), i * 2);
  const head = Buffer.from('MM\0*....');
  head.writeUInt32BE(8 + values.length, 4);
  const directory = Buffer.alloc(2 + tags.length * 12 + 4);
  directory.writeUInt16BE(tags.length);
  tags.forEach(([tag, value], i) => {
    directory.writeUInt16BE(tag, 2 + i * 12);
    directory.writeUInt16BE(4, 4 + i * 12); // a 32-bit number
    directory.writeUInt32BE(1, 6 + i * 12);
    directory.writeUInt32BE(value, 10 + i * 12);
  });
  return joined(head, values, directory);
}

/** The first box of an ISO base media file, with its brands. */
export function isoFile(...brands: string[]): Uint8Array {
  const [major = '', ...others] = brands;
  const content = joined(latin1('ftyp'), latin1(major), new Uint8Array(4), latin1(others.join('')));
  return joined(Uint8Array.of(0, 0, 0, content.length + 4), content, new Uint8Array(64));
}
