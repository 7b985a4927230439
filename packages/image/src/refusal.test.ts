import { crc32 } from 'node:zlib';
import { AtelierError } from '@atelier/core';
import { encodeJpeg, loadSharp } from './codec.js';
import { probeImage } from './probe-image.js';
import { resizeImage } from './resize-image.js';
import { options, picture, pipeline, png, RED, scene } from './testing/pictures.js';

const text = (content: string) => new TextEncoder().encode(content);
const small = options({ width: 8, height: 8 });

/** The refusal of a picture; fails where it is taken. */
async function refusal(bytes: Uint8Array, prepare = small): Promise<AtelierError> {
  const error = await resizeImage(bytes, prepare).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AtelierError);
  const refused = error as AtelierError;
  expect(refused.code).toBe('INPUT_INVALID');
  expect(refused.hint).not.toBe('');
  return refused;
}

describe('what is no picture is refused with what it seems to be', () => {
  const bmp = () => {
    const bytes = new Uint8Array(70);
    bytes.set(text('BM'));
    bytes.set([70, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40], 2);
    return bytes;
  };
  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /the file is empty/],
    ['zero bytes', new Uint8Array(1000), /only zero bytes/],
    ['a web page', text('<!DOCTYPE html><html><body>404</body></html>'), /a web page/],
    [
      'an LFS pointer',
      text('version https://git-lfs.github.com/spec/v1\noid sha256:00\n'),
      /Git LFS pointer/,
    ],
    ['a BMP file', bmp(), /a BMP file/],
    ['an SVG file', text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), /an SVG file/],
    ['a text', text('hello'), /not a picture that can be read/],
  ])('%s', async (_, bytes, reason) => {
    expect((await refusal(bytes)).problem).toMatch(reason);
    await expect(probeImage(bytes, small.limits)).rejects.toThrow(reason);
  });

  it('whatever its values cannot be in 8 bits: 32-bit floats have no agreed range', async () => {
    const sharp = await loadSharp();
    const values = new Float32Array(4 * 4 * 3).fill(0.5);
    // a TIFF of floats, which sharp writes for raw floats only by way of libvips' own cast
    const tiff = await sharp(new Uint8Array(values.buffer), {
      raw: { width: 4, height: 4, channels: 3, depth: 'float' } as never,
    })
      .toColourspace('scrgb')
      .tiff({ compression: 'none' })
      .toBuffer();
    expect((await sharp(tiff).metadata()).depth).toBe('float');
    expect((await refusal(tiff)).problem).toMatch(/values are of the type float/);
  });
});

describe('what is damaged is refused: nothing half-read passes', () => {
  const noise = picture(64, 64, (x, y) => [(x * 37 + y * 101) % 256, (x * 91) % 256, (y * 53) % 256]);
  const cut = (bytes: Uint8Array, share: number) => bytes.slice(0, Math.floor(bytes.length * share));

  it.each<[string, () => Promise<Uint8Array>, RegExp]>([
    ['half a JPEG', async () => cut(await encodeJpeg(noise, 90), 0.5), /cut off or damaged/],
    [
      'half a progressive JPEG',
      async () => cut(await (await pipeline(noise)).jpeg({ progressive: true }).toBuffer(), 0.5),
      /cut off or damaged/,
    ],
    ['a JPEG without its last two bytes', async () => (await encodeJpeg(noise, 90)).slice(0, -2), /cut off/],
    ['half a PNG', async () => cut(await png(noise), 0.5), /cut off or damaged/],
    ['a PNG without its last 20 bytes', async () => (await png(noise)).slice(0, -20), /cut off or damaged/],
    [
      'a PNG with a flipped bit',
      async () => {
        const bytes = Uint8Array.from(await png(noise));
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 16;
        return bytes;
      },
      /cut off or damaged/,
    ],
    ['half a WebP', async () => cut(await (await pipeline(noise)).webp().toBuffer(), 0.5), /damaged/],
    ['half a GIF', async () => cut(await (await pipeline(noise)).gif().toBuffer(), 0.5), /damaged/],
    ['half a TIFF', async () => cut(await (await pipeline(noise)).tiff().toBuffer(), 0.5), /damaged|decoded/],
  ])('%s', async (_, make, reason) => {
    expect((await refusal(await make())).problem).toMatch(reason);
  });
});

describe('limits', () => {
  it('refuses a bomb by its header: probing decodes nothing', async () => {
    const bomb = Buffer.from(await png(scene(6, 4)));
    bomb.writeUInt32BE(50_000, 16); // the width and the height in a PNG's first chunk, then its checksum
    bomb.writeUInt32BE(40_000, 20);
    bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
    const { problem, hint } = await refusal(bomb);
    expect(problem).toBe('it has 50000x40000 pixels, more than limits.maxPixels 1000000');
    expect(hint).toMatch(/raise limits.maxPixels/);
  });

  it('takes a picture of exactly maxPixels and refuses one more', async () => {
    const file = await png(scene(20, 10));
    const within = (maxPixels: number) => resizeImage(file, { ...small, limits: { maxPixels } });
    await expect(within(200)).resolves.toMatchObject({ width: 8 });
    await expect(within(199)).rejects.toThrow(/20x10 pixels/);
  });
});

describe('probeImage', () => {
  it('goes by the content, whatever the extension would say', async () => {
    const red = picture(6, 4, () => RED);
    const formats = ['jpeg', 'png', 'webp', 'gif', 'tiff'] as const;
    for (const format of formats) {
      const bytes = await (await pipeline(red))[format]({} as never).toBuffer();
      expect(await probeImage(bytes, small.limits)).toEqual({
        format,
        width: 6,
        height: 4,
        orientation: 1,
        frames: 1,
      });
    }
  });

  it('gives the stored size and the orientation', async () => {
    const turned = await (await pipeline(scene(6, 4))).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await probeImage(turned, small.limits)).toEqual({
      format: 'jpeg',
      width: 6,
      height: 4,
      orientation: 6,
      frames: 1,
    });
  });
});
