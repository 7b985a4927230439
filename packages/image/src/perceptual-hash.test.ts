import { decodeJpeg, encodeJpeg, type RawImage } from './codec.js';
import { hashDistance, perceptualHash } from './perceptual-hash.js';
import { resizeImage } from './resize-image.js';
import { options, picture, png, scene } from './testing/pictures.js';

const original = scene(300, 300, 5);

/** The hash as the resize stage takes it. */
async function hashOf(image: RawImage) {
  return perceptualHash(await resizeImage(await png(image), options()));
}

describe('perceptualHash', () => {
  it('is 64 bits as hexadecimal digits, and one bit per brighter right neighbour', () => {
    const rising = picture(90, 80, (x) => [x * 2, x * 2, x * 2]);
    const falling = picture(90, 80, (x) => [200 - x * 2, 200 - x * 2, 200 - x * 2]);
    expect(perceptualHash(rising).dhash).toBe('ffffffffffffffff');
    expect(perceptualHash(falling).dhash).toBe('0000000000000000');
    const mixed = picture(90, 80, (x, y) => (y < 10 ? [x, x, x] : [200 - x, 200 - x, 200 - x]));
    expect(perceptualHash(mixed).dhash).toBe('ff00000000000000');
  });

  it('sees brightness as the eye does: green most, blue least', () => {
    const rising = (r: number, g: number, b: number) =>
      perceptualHash(picture(90, 80, (x) => [100 + r * x, 100 + g * x, 100 + b * x])).dhash;
    expect(rising(0, 1, -1)).toBe('ffffffffffffffff');
    expect(rising(1, 0, -1)).toBe('ffffffffffffffff');
    expect(rising(1, -1, 0)).toBe('0000000000000000');
    expect(rising(0, 0, 1)).toBe('ffffffffffffffff');
  });

  it('hardly changes where a picture is encoded anew or made smaller', async () => {
    const { dhash } = await hashOf(original);
    for (const quality of [90, 60]) {
      const anew = await decodeJpeg(await encodeJpeg(original, quality));
      expect(hashDistance(dhash, (await hashOf(anew)).dhash)).toBeLessThanOrEqual(2);
    }
    const half = await resizeImage(await png(original), options({ width: 150, height: 150 }));
    expect(hashDistance(dhash, (await hashOf(half)).dhash)).toBeLessThanOrEqual(2);
  });

  it('is far off for another picture and for a mirrored one', async () => {
    const { dhash } = await hashOf(original);
    const mirrored = picture(300, 300, (x, y) => {
      const at = (y * 300 + 299 - x) * 3;
      return [...original.data.subarray(at, at + 3)] as unknown as readonly [number, number, number];
    });
    expect(hashDistance(dhash, (await hashOf(mirrored)).dhash)).toBeGreaterThan(16);
    for (const seed of [6, 7, 8]) {
      expect(hashDistance(dhash, (await hashOf(scene(300, 300, seed))).dhash)).toBeGreaterThan(16);
    }
  });

  it('tells by the detail that a blank picture has nothing to go by', async () => {
    const blank = await hashOf(picture(50, 50, () => [250, 250, 250]));
    expect(blank.detail).toBe(0);
    expect((await hashOf(original)).detail).toBeGreaterThan(8);
  });

  it('takes pictures smaller than its grid', () => {
    expect(perceptualHash(picture(3, 2, (x) => [x * 80, 0, 0])).dhash).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('hashDistance', () => {
  it('counts differing bits', () => {
    expect(hashDistance('0000000000000000', '0000000000000000')).toBe(0);
    expect(hashDistance('0000000000000000', 'ffffffffffffffff')).toBe(64);
    expect(hashDistance('8000000000000001', '0000000000000003')).toBe(2);
  });
});
