import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { repositoryRoot, runPython } from '@atelier/readers';
import { decodeJpeg, encodeJpeg } from './codec.js';
import { resizeImage } from './resize-image.js';
import { meanError, options, pipeline, pixel, png, scene, worst, type Rgb } from './testing/pictures.js';

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
const prelude = `
import base64, io, numpy as np
from PIL import Image, ImageOps
text = lambda array: base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
opened = lambda encoded: Image.open(io.BytesIO(base64.b64decode(encoded)))
`;

async function enlargedScene(side: number): Promise<Uint8Array> {
  return (await pipeline(scene(320, 320))).resize(side, side).jpeg({ quality: 95 }).toBuffer();
}

describe('resizing agrees with Pillow', () => {
  // mean absolute difference per channel, in levels of 255: kernels in fixed point differ by a rounding here and there
  const meanLevels = 0.3;
  const worstLevels = 4;
  const sample = (file: string) => readFile(path.join(repositoryRoot, 'datasets/sample/images', file));

  it.each<[string, () => Promise<Uint8Array>]>([
    ['a painting, landscape', () => sample('Claude_Monet/Claude_Monet_aic_14598.jpg')],
    ['a painting, portrait', () => sample('Vincent_van_Gogh/Vincent_van_Gogh_metmuseum_336327.jpg')],
    ['a made scene', () => png(scene(640, 480))],
    ['a JPEG that is halved while it is decoded', () => enlargedScene(1360)],
  ])('%s, LANCZOS on RGB', async (_, load) => {
    const file = await load();
    const { data } = await resizeImage(file, { ...options(), limits: { maxPixels: 4_000_000 } });
    const script = `${prelude}
picture = ImageOps.exif_transpose(opened(ARGS)).convert("RGB")
RESULT = text(np.asarray(picture.resize((300, 300), Image.Resampling.LANCZOS)))`;
    const reference = bytesOf(runPython(script, base64(file)) as string);
    expect(meanError(data, reference)).toBeLessThan(meanLevels);
    expect(worst(data, reference)).toBeLessThanOrEqual(worstLevels);
  });
});

describe('JPEG', () => {
  it.each([60, 90, 100])(
    'of quality %i: our pixels are those of Pillow and OpenCV, exactly',
    async (quality) => {
      const jpeg = await encodeJpeg(scene(75, 61), quality);
      const { data, width, height } = await decodeJpeg(jpeg);
      const script = `${prelude}
import cv2
picture = opened(ARGS)
by_opencv = cv2.imdecode(np.frombuffer(base64.b64decode(ARGS), np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
RESULT = {"size": picture.size, "mode": picture.mode, "sampling": [layer[1:3] for layer in picture.layer],
  "progressive": "progressive" in picture.info, "pillow": text(np.asarray(picture)), "opencv": text(by_opencv)}`;
      const read = runPython(script, base64(jpeg)) as Record<'pillow' | 'opencv', string>;
      expect(read).toMatchObject({
        size: [width, height],
        mode: 'RGB',
        sampling: [
          [2, 2],
          [1, 1],
          [1, 1],
        ],
        progressive: false,
      });
      expect(worst(bytesOf(read.pillow), data)).toBe(0);
      expect(worst(bytesOf(read.opencv), data)).toBe(0);
    },
  );

  it('holds what was encoded, as closely as its quality says', async () => {
    const image = scene(96, 64);
    const at = async (quality: number) =>
      meanError((await decodeJpeg(await encodeJpeg(image, quality))).data, image.data);
    expect(await at(90)).toBeLessThan(6);
    expect(await at(10)).toBeGreaterThan(2 * (await at(90)));
  });
});

describe('files that Pillow wrote', () => {
  let files: Record<string, string>;
  beforeAll(() => {
    files = runPython(`${prelude}
def saved(picture, format, **options):
    file = io.BytesIO()
    picture.save(file, format, **options)
    return base64.b64encode(file.getvalue()).decode()
# paper, black ink, magenta + yellow, cyan: 16 pixels each
inks = np.array([[[0, 0, 0, 0], [0, 0, 0, 255], [0, 255, 255, 0], [255, 0, 0, 0]]], np.uint8)
inks = inks.repeat(16, 0).repeat(16, 1)
RESULT = {
  "cmyk": saved(Image.fromarray(inks, "CMYK"), "JPEG", quality=95),
  "grey": saved(Image.fromarray(np.array([[0, 85, 170, 255]], np.uint8)), "PNG"),
  "grey-jpeg": saved(Image.fromarray(np.full((16, 16), 90, np.uint8)), "JPEG", quality=95),
  "grey-alpha": saved(Image.fromarray(
      np.array([[[0, 255], [85, 128], [170, 255], [9, 0]]], np.uint8), "LA"), "PNG"),
  "grey-16": saved(Image.fromarray(np.array([[0, 257, 32896, 65535]], np.uint16)), "PNG"),
  "bits": saved(Image.fromarray(np.array([[0, 255, 255, 0]], np.uint8)).convert("1"), "PNG"),
  "floats": saved(Image.fromarray(np.array([[0, 0.5, 1, 0.2]], np.float32)), "TIFF"),
  "integers": saved(Image.fromarray(np.array([[0, 500, 70000, 1]], np.int32)), "TIFF"),
}`) as typeof files;
  });
  const read = (
    name: string,
    background: [number, number, number] = [255, 255, 255],
    size = { width: 4, height: 1 },
  ) => resizeImage(bytesOf(files[name] as string), options({ ...size, background }));

  it('a CMYK JPEG has the colours of its inks, not their negatives', async () => {
    const image = await read('cmyk', undefined, { width: 64, height: 16 });
    const patches: Rgb[] = [
      [255, 255, 255],
      [20, 5, 0],
      [232, 0, 0],
      [0, 153, 227],
    ];
    patches.forEach((wanted, i) => {
      expect(
        worst(Uint8Array.from(pixel(image, 16 * i + 8, 8)), Uint8Array.from(wanted)),
      ).toBeLessThanOrEqual(12);
    });
  });

  it.each<[string, number[]]>([
    ['grey', [0, 85, 170, 255]],
    ['grey-alpha', [0, 169, 170, 255]],
    ['grey-16', [0, 1, 128, 255]],
    ['bits', [0, 255, 255, 0]],
  ])('%s: red = green = blue, on white', async (name, values) => {
    const { data } = await read(name);
    expect(worst(data, Uint8Array.from(values.flatMap((v) => [v, v, v])))).toBeLessThanOrEqual(1);
  });

  it('grey-alpha shows a coloured background in its colour', async () => {
    const image = await read('grey-alpha', [200, 10, 20]);
    expect(pixel(image, 3, 0)).toEqual([200, 10, 20]);
    expect(pixel(image, 2, 0)).toEqual([170, 170, 170]);
  });

  it('a grey JPEG', async () => {
    expect(pixel(await read('grey-jpeg'), 1, 0)).toEqual([90, 90, 90]);
  });

  it.each([
    ['floats', /type float/],
    ['integers', /type int/],
  ])('%s are refused: what of them would be white is anybody’s guess', async (name, reason) => {
    await expect(read(name)).rejects.toThrow(reason);
  });

  it('a PNG of ours is read by Pillow as it was made', async () => {
    const image = scene(9, 7);
    const file = await (await pipeline(image)).png().toBuffer();
    const script = `${prelude}RESULT = text(np.asarray(opened(ARGS)))`;
    expect(bytesOf(runPython(script, base64(file)) as string)).toEqual(image.data);
  });
});
