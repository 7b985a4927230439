import { loadSharp } from './codec.js';
import { prepareImage, resizeImage } from './resize-image.js';
import { decodeJpeg, encodeJpeg } from './codec.js';
import {
  BLACK,
  BLUE,
  GREEN,
  meanError,
  options,
  picture,
  pipeline,
  pixel,
  png,
  quadrants,
  RED,
  scene,
  WHITE,
  worst,
  type Rgb,
} from './testing/pictures.js';

const letters = new Map<string, Rgb>([
  ['R', RED],
  ['G', GREEN],
  ['B', BLUE],
  ['W', WHITE],
]);

describe('EXIF orientation', () => {
  // top left, top right, bottom left, bottom right of the upright picture; the stored one is RBGW
  it.each([
    [1, 'RBGW'],
    [2, 'BRWG'],
    [3, 'WGBR'],
    [4, 'GWRB'],
    [5, 'RGBW'],
    [6, 'GRWB'],
    [7, 'WBGR'],
    [8, 'BWRG'],
  ])('%i is applied before the resize: %s', async (orientation, upright) => {
    const stored = (await pipeline(quadrants(32, 16)))
      .withMetadata({ orientation })
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' });
    // the upright size, so that a resize before the turn would mix the quadrants
    const turned = orientation > 4;
    const size = turned ? { width: 16, height: 32 } : { width: 32, height: 16 };
    const image = await resizeImage(await stored.toBuffer(), options(size));
    const { width, height } = size;
    const middles = [
      [width / 4, height / 4],
      [(3 * width) / 4, height / 4],
      [width / 4, (3 * height) / 4],
      [(3 * width) / 4, (3 * height) / 4],
    ] as const;
    middles.forEach(([x, y], i) => {
      const wanted = letters.get(upright[i] as string) as Rgb;
      expect(worst(Uint8Array.from(pixel(image, x, y)), Uint8Array.from(wanted))).toBeLessThanOrEqual(4);
    });
  });
});

describe('kinds of pictures: all become uint8 [height, width, 3]', () => {
  const row = (...colours: Rgb[]) => Uint8Array.from(colours.flat());

  it('a grey PNG has red = green = blue', async () => {
    const grey = await (
      await pipeline(picture(4, 1, (x) => [x * 85, x * 85, x * 85]))
    )
      .toColourspace('b-w')
      .png()
      .toBuffer();
    const sharp = await loadSharp();
    expect((await sharp(grey).metadata()).channels).toBe(1);
    const { data } = await resizeImage(grey, options({ width: 4, height: 1 }));
    expect(data).toEqual(row(BLACK, [85, 85, 85], [170, 170, 170], WHITE));
  });

  it('a palette PNG has the colours of its palette', async () => {
    const palette = await (await pipeline(quadrants(4, 4))).png({ palette: true, dither: 0 }).toBuffer();
    const { data } = await resizeImage(palette, options({ width: 4, height: 4 }));
    expect(data).toEqual(quadrants(4, 4).data);
  });

  it('16-bit RGB keeps the upper eight bits', async () => {
    const sharp = await loadSharp();
    const values = new Uint16Array([0, 257, 65535, 32896, 65535, 0]);
    const deep = await sharp(values as unknown as Uint8Array, {
      raw: { width: 2, height: 1, channels: 3, depth: 'ushort' } as never,
    })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    const { data } = await resizeImage(deep, options({ width: 2, height: 1 }));
    expect(data).toEqual(row([0, 1, 255], [128, 255, 0]));
  });

  it.each(['gif', 'webp'] as const)('an animated %s gives its first frame', async (format) => {
    const sharp = await loadSharp();
    const frames = await Promise.all([png(quadrants(8, 8)), png(picture(8, 8, () => [9, 9, 9]))]);
    const animated = await (
      sharp as unknown as (input: Uint8Array[], options: object) => ReturnType<typeof sharp>
    )(frames, { join: { animated: true } })
      [format](format === 'webp' ? { lossless: true } : {})
      .toBuffer();
    expect((await sharp(animated).metadata()).pages).toBe(2);
    const image = await resizeImage(animated, options({ width: 8, height: 8 }));
    expect(image.data).toEqual(quadrants(8, 8).data);
    expect(image).toMatchObject({ width: 8, height: 8 });
  });

  it('an embedded Display P3 profile is converted to sRGB', async () => {
    const sharp = await loadSharp();
    const colour: Rgb = [200, 50, 30];
    const wide = await (await pipeline(picture(4, 4, () => colour))).withIccProfile('p3').png().toBuffer();
    const stored = await sharp(wide, { ignoreIcc: true } as never)
      .raw()
      .toBuffer();
    expect(worst(stored.subarray(0, 3), Uint8Array.from(colour))).toBeGreaterThan(10);
    const image = await resizeImage(wide, options({ width: 4, height: 4 }));
    expect(worst(Uint8Array.from(pixel(image, 2, 2)), Uint8Array.from(colour))).toBeLessThanOrEqual(1);
  });

  it.each(['jpeg', 'png', 'webp', 'tiff', 'avif', 'gif'] as const)('%s is read', async (format) => {
    const encoded = await (await pipeline(quadrants(64, 64)))[format]({} as never).toBuffer();
    const image = await resizeImage(encoded, options({ width: 16, height: 16 }));
    expect(worst(Uint8Array.from(pixel(image, 3, 3)), Uint8Array.from(RED))).toBeLessThan(12);
    expect(worst(Uint8Array.from(pixel(image, 12, 3)), Uint8Array.from(BLUE))).toBeLessThan(12);
  });
});

describe('transparency', () => {
  const rgba = async (colours: readonly (readonly number[])[], palette = false) => {
    const sharp = await loadSharp();
    return sharp(Uint8Array.from(colours.flat()), {
      raw: { width: colours.length, height: 1, channels: 4 },
    })
      .png({ palette, dither: 0 })
      .toBuffer();
  };
  const colours = [
    [255, 0, 0, 255],
    [0, 255, 0, 128],
    [0, 0, 255, 0],
    [255, 255, 255, 255],
  ];

  it.each([
    ['alpha', false],
    ['a palette with transparency', true],
  ])('%s shows the background, never the hidden colour', async (_, palette) => {
    const file = await rgba(colours, palette);
    const onto = async (background: [number, number, number]) =>
      (await resizeImage(file, options({ width: 4, height: 1, background }))).data;
    expect(
      worst(
        await onto([255, 255, 255]),
        Uint8Array.of(255, 0, 0, 127, 255, 127, 255, 255, 255, 255, 255, 255),
      ),
    ).toBeLessThanOrEqual(1);
    expect(
      worst(await onto([0, 0, 0]), Uint8Array.of(255, 0, 0, 0, 128, 0, 0, 0, 0, 255, 255, 255)),
    ).toBeLessThanOrEqual(1);
  });

  it('leaves no fringe of the hidden colour where it is resized', async () => {
    const sharp = await loadSharp();
    const half = picture(90, 90, (x) => (x < 45 ? BLACK : WHITE));
    const withAlpha = new Uint8Array(90 * 90 * 4);
    for (let i = 0; i < 90 * 90; i++) {
      withAlpha.set(half.data.subarray(i * 3, i * 3 + 3), i * 4);
      withAlpha[i * 4 + 3] = i % 90 < 45 ? 255 : 0;
    }
    const file = await sharp(withAlpha, { raw: { width: 90, height: 90, channels: 4 } })
      .png()
      .toBuffer();
    const { data } = await resizeImage(file, options({ width: 9, height: 9, background: [0, 0, 0] }));
    expect(Math.max(...data)).toBe(0);
  });
});

describe('fit', () => {
  // 60x30: red left, blue right, green between
  const wide = () => png(picture(60, 30, (x) => (x < 10 ? RED : x >= 50 ? BLUE : GREEN)));
  const square = { width: 30, height: 30 };

  it('fill stretches: nothing is lost', async () => {
    const image = await resizeImage(await wide(), options({ ...square, fit: 'fill' }));
    expect([pixel(image, 1, 15), pixel(image, 15, 15), pixel(image, 28, 15)]).toEqual([RED, GREEN, BLUE]);
  });

  it('cover crops the overhang at the centre', async () => {
    const image = await resizeImage(await wide(), options({ ...square, fit: 'cover' }));
    expect([pixel(image, 0, 15), pixel(image, 29, 15)]).toEqual([GREEN, GREEN]);
  });

  it('contain pads with the background', async () => {
    const image = await resizeImage(
      await wide(),
      options({ ...square, fit: 'contain', background: [1, 2, 3] }),
    );
    expect([pixel(image, 15, 0), pixel(image, 15, 29)]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect([pixel(image, 1, 15), pixel(image, 28, 15)]).toEqual([RED, BLUE]);
  });

  it('pads a grey picture with the background in its colour', async () => {
    const grey = await (
      await pipeline(picture(60, 30, () => [90, 90, 90]))
    )
      .toColourspace('b-w')
      .png()
      .toBuffer();
    const image = await resizeImage(grey, options({ ...square, fit: 'contain', background: [200, 10, 20] }));
    expect(pixel(image, 15, 0)).toEqual([200, 10, 20]);
    expect(pixel(image, 15, 15)).toEqual([90, 90, 90]);
  });
});

describe('kernels', () => {
  const checkers = () =>
    png(picture(240, 240, (x, y) => ((x + y) % 2 === 0 ? ([0, 0, 0] as const) : ([255, 255, 255] as const))));

  it.each(['linear', 'cubic', 'mitchell', 'lanczos2', 'lanczos3'] as const)(
    '%s is antialiased: a checkerboard of single pixels turns grey',
    async (kernel) => {
      const { data } = await resizeImage(await checkers(), options({ width: 60, height: 60, kernel }));
      expect(worst(data, new Uint8Array(data.length).fill(128))).toBeLessThanOrEqual(1);
    },
  );

  it('nearest takes single pixels', async () => {
    const { data } = await resizeImage(
      await checkers(),
      options({ width: 60, height: 60, kernel: 'nearest' }),
    );
    expect(new Set(data).size).toBe(1);
    expect([0, 255]).toContain(data[0]);
  });

  it.each([
    [1.7, 0],
    [3.5, 0],
    [6, 1],
  ])(
    'a JPEG of %f times the size differs from the same pixels in a PNG by %f levels at most',
    async (times, levels) => {
      const side = Math.round(48 * times);
      const jpeg = await encodeJpeg(scene(side, side), 95);
      const same = await png(await decodeJpeg(jpeg));
      const small = options({ width: 48, height: 48 });
      const both = [await resizeImage(jpeg, small), await resizeImage(same, small)] as const;
      expect(meanError(both[0].data, both[1].data)).toBeLessThanOrEqual(levels);
    },
  );

  it('an enlarged picture lies within half an output pixel of its place', async () => {
    const line = png(picture(31, 31, (x) => (x === 15 ? WHITE : BLACK)));
    const { data } = await resizeImage(await line, options());
    let weight = 0;
    let moment = 0;
    for (let x = 0; x < 300; x++) {
      const value = data[(150 * 300 + x) * 3] as number;
      weight += value;
      moment += value * x;
    }
    expect(Math.abs(moment / weight - 149.5)).toBeLessThan(0.55);
  });
});

describe('prepareImage', () => {
  it('is what the resize stage writes and what is read back from it', async () => {
    const file = await png(scene(80, 60));
    const small = options({ width: 48, height: 40, quality: 75 });
    const { jpeg, pixels, width, height } = await prepareImage(file, small);
    const resized = await resizeImage(file, small);
    expect(Buffer.from(jpeg)).toEqual(Buffer.from(await encodeJpeg(resized, 75)));
    expect({ data: pixels, width, height }).toEqual(await decodeJpeg(jpeg));
    expect({ width, height }).toEqual({ width: 48, height: 40 });
    expect([pixels, resized.data].map((bytes) => bytes.constructor)).toEqual([Uint8Array, Uint8Array]);
    expect(meanError(pixels, resized.data)).toBeLessThan(12);
  });

  it('gives the same bytes each time, alone or among others', async () => {
    const files = await Promise.all([1, 2, 3, 4].map((seed) => png(scene(70, 50, seed))));
    const small = options({ width: 32, height: 32 });
    const alone: Buffer[] = [];
    for (const file of files) alone.push(Buffer.from((await prepareImage(file, small)).jpeg));
    const together = await Promise.all(files.map((file) => prepareImage(file, small)));
    expect(together.map(({ jpeg }) => Buffer.from(jpeg))).toEqual(alone);
  });
});
