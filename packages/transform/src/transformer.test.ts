import { Worker } from 'node:worker_threads';
import { randomStream } from '@atelier/core';
import fc from 'fast-check';
import { centredCrop, type PictureSize } from './affine.js';
import { untransformed, type TransformParameters } from './parameters.js';
import { applyReference } from './reference.js';
import type { Fill, TransformRequest } from './request.js';
import { sampleTraining } from './sample-training.js';
import { asymmetric, mean, noise, picture, plain, quarters, worst } from './testing/pictures.js';
import { createTransformer } from './transformer.js';

const fills: Fill[] = ['reflect', 'nearest', 'constant'];
const square = { width: 300, height: 300 };
const oblong = { width: 53, height: 37 };

/** A request with everything left as it is but what is given. */
const request = (pixels: Uint8Array, some: Partial<TransformRequest>): TransformRequest => ({
  pixels,
  out: new Uint8Array(pixels.length),
  parameters: untransformed,
  fill: 'constant',
  contrast: 'grey',
  ...some,
});
const geometric = (some: Partial<TransformParameters>) => ({ parameters: { ...untransformed, ...some } });

const implementations = [
  ['reference', async (size: PictureSize) => (r: TransformRequest) => applyReference(r, size)],
  ['WebAssembly', async (size: PictureSize) => (await createTransformer(size)).apply],
] as const;

describe.each(implementations)('%s', (_name, make) => {
  it.each([square, oblong, { width: 1, height: 1 }, { width: 2, height: 5 }])(
    'leaves a picture of %o byte for byte without parts, and with parts that do nothing',
    async (size) => {
      const apply = await make(size);
      const pixels = noise(size);
      const nothing = geometric({
        flip: { horizontal: false, vertical: false },
        rotation: { degrees: 0 },
        zoom: { crop: centredCrop(1) },
        translation: { x: 0, y: 0 },
        contrast: { factor: 1 },
      });
      const turn = geometric({ rotation: { degrees: 360 } });
      for (const fill of fills) {
        expect(worst(apply(request(pixels, { fill })), pixels)).toBe(0);
        expect(worst(apply(request(pixels, { fill, ...nothing })), pixels)).toBe(0);
        expect(worst(apply(request(pixels, { fill, ...turn })), pixels)).toBe(0);
      }
    },
  );

  it('flips exactly, and twice is not at all', async () => {
    const apply = await make(oblong);
    const pixels = noise(oblong);
    const at = (x: number, y: number) => [...pixels.subarray((y * 53 + x) * 3, (y * 53 + x) * 3 + 3)];
    for (const [horizontal, vertical] of [
      [true, false],
      [false, true],
      [true, true],
    ] as const) {
      const once = apply(request(pixels, geometric({ flip: { horizontal, vertical } })));
      const expected = picture(oblong, (x, y) => at(horizontal ? 52 - x : x, vertical ? 36 - y : y));
      expect(worst(once, expected)).toBe(0);
      expect(worst(apply(request(once, geometric({ flip: { horizontal, vertical } }))), pixels)).toBe(0);
    }
  });

  // red, blue / green, white
  it.each([
    [90, 'BWRG'],
    [-90, 'GRWB'],
    [180, 'WGBR'],
    [270, 'GRWB'],
  ])('turns by %d degrees counter-clockwise, exactly', async (degrees, corners) => {
    const apply = await make(square);
    for (const fill of fills) {
      const out = apply(request(quarters(square), { fill, ...geometric({ rotation: { degrees } }) }));
      const names = new Map([
        ['255,0,0', 'R'],
        ['0,255,0', 'G'],
        ['0,0,255', 'B'],
        ['255,255,255', 'W'],
      ]);
      const at = (x: number, y: number) =>
        names.get([...out.subarray((y * 300 + x) * 3, (y * 300 + x) * 3 + 3)].join());
      expect([at(0, 0), at(299, 0), at(0, 299), at(299, 299)].join('')).toBe(corners);
      expect([at(149, 149), at(150, 149), at(149, 150), at(150, 150)].join('')).toBe(corners);
    }
  });

  it('keeps the size, and shows black corners only where the fill is constant', async () => {
    const apply = await make(square);
    const turned = (fill: Fill, degrees: number) =>
      mean(apply(request(plain(square, 255), { fill, ...geometric({ rotation: { degrees } }) }))) / 255;
    expect(Math.abs(turned('constant', 45) - 0.828)).toBeLessThan(0.003);
    for (const degrees of [1, 17, 45, 133, -80]) {
      expect(turned('reflect', degrees)).toBe(1);
      expect(turned('nearest', degrees)).toBe(1);
    }
  });

  it.each([
    [{ x: 0.1, y: 0 }, [130, 50]],
    [{ x: 0, y: -0.1 }, [100, 20]],
    [{ x: -0.07, y: 0.29 }, [79, 137]],
  ])('translates by %o: a dot at (100, 50) goes to %o', async (by, [toX, toY]) => {
    const apply = await make(square);
    const dot = picture(square, (x, y) => (x === 100 && y === 50 ? [255, 255, 255] : [0, 0, 0]));
    const out = apply(request(dot, geometric({ translation: by })));
    const expected = picture(square, (x, y) => (x === toX && y === toY ? [255, 255, 255] : [0, 0, 0]));
    expect(worst(out, expected)).toBe(0);
  });

  it.each([
    ['reflect', [20, 10, 10, 20, 30]],
    ['nearest', [10, 10, 10, 20, 30]],
    ['constant', [0, 0, 10, 20, 30]],
  ] as const)('fills with %s', async (fill, expected) => {
    const size = { width: 5, height: 1 };
    const row = picture(size, (x) => Array<number>(3).fill(10 * (x + 1)));
    const out = (await make(size))(request(row, { fill, ...geometric({ translation: { x: 0.4, y: 0 } }) }));
    expect([...out].filter((_, i) => i % 3 === 1)).toEqual(expected);
  });

  it('reflects again and again', async () => {
    const size = { width: 3, height: 2 };
    const pixels = picture(size, (x, y) => [x, y, 10 * x + y]);
    const apply = await make(size);
    const moved = (x: number, y: number) =>
      apply(request(pixels, { fill: 'reflect', ...geometric({ translation: { x, y } }) }));
    expect(worst(moved(4, -6), pixels)).toBe(0); // a period is two pictures
    expect([...moved(101, 0)].filter((_, i) => i % 3 === 0).slice(0, 3)).toEqual([2, 1, 0]);
  });

  it('does in one resample what exact parts do one after the other', async () => {
    const apply = await make(square);
    const flip = { flip: { horizontal: true, vertical: false } };
    const turn = { rotation: { degrees: 90 } };
    const move = { translation: { x: 0.2, y: -0.1 } };
    const pixels = noise(square);
    const inSteps = [flip, turn, move].reduce((from, part) => apply(request(from, geometric(part))), pixels);
    expect(worst(apply(request(pixels, geometric({ ...flip, ...turn, ...move }))), inSteps)).toBe(0);
  });

  it('zooms into the crop', async () => {
    const apply = await make(square);
    const corner = { x: 0.5, y: 0, width: 0.5, height: 0.5 };
    const out = apply(
      request(quarters(square), { fill: 'nearest', ...geometric({ zoom: { crop: corner } }) }),
    );
    const blue = picture(square, (x) => (x === 0 ? [64, 0, 191] : [0, 0, 255]));
    expect(worst(out.subarray(0, 299 * 900), blue.subarray(0, 299 * 900))).toBeLessThanOrEqual(1);
  });

  it.each([
    [
      2,
      'grey',
      [
        [10, 21],
        [4, 26],
      ],
    ], // the mean 15.5 becomes 16
    [
      2,
      'channel',
      [
        [10, 21],
        [5, 27],
      ],
    ], // 4.5 and 26.5, rounded half up
    [
      0,
      'grey',
      [
        [10, 21],
        [16, 16],
      ],
    ],
    [
      0,
      'channel',
      [
        [10, 21],
        [16, 16],
      ],
    ], // 15.5
    [
      1.2,
      'grey',
      [
        [250, 100],
        [255, 85],
      ],
    ],
  ] as const)('contrast %d about the %s mean', async (factor, contrast, [greys, expected]) => {
    const size = { width: 2, height: 1 };
    const pixels = Uint8Array.from(greys.flatMap((grey) => [grey, grey, grey]));
    const out = (await make(size))(request(pixels, { contrast, ...geometric({ contrast: { factor } }) }));
    expect([...out]).toEqual(expected.flatMap((grey) => [grey, grey, grey]));
  });

  it.each([
    ['grey', [0, 244, 0, 34, 79, 255]],
    ['channel', [0, 228, 0, 73, 63, 255]], // 227.5, 72.5 and 62.5, rounded half up
  ] as const)('contrast of colours about the %s mean', async (contrast, expected) => {
    const pixels = Uint8Array.of(10, 200, 30, 60, 90, 250);
    const apply = await make({ width: 2, height: 1 });
    const out = apply(request(pixels, { contrast, ...geometric({ contrast: { factor: 1.5 } }) }));
    expect([...out]).toEqual(expected);
  });

  it('takes contrast about the mean of the result, not of the picture before', async () => {
    const apply = await make(square);
    const white = plain(square, 255);
    const half = geometric({ translation: { x: 0.5, y: 0 }, contrast: { factor: 0 } });
    expect(new Set(apply(request(white, half)))).toEqual(new Set([128]));
  });

  it('neither writes to its input nor fails when the output is the input, or shared', async () => {
    const apply = await make(oblong);
    const pixels = asymmetric(oblong);
    const before = pixels.slice();
    const some = geometric({ rotation: { degrees: 30 }, contrast: { factor: 1.1 } });
    const out = apply(request(pixels, some));
    expect(worst(pixels, before)).toBe(0);
    const shared = new Uint8Array(new SharedArrayBuffer(2 * out.length), out.length);
    expect(apply(request(pixels, { ...some, out: shared }))).toBe(shared);
    expect(worst(shared, out)).toBe(0);
    expect(worst(apply(request(pixels, { ...some, out: pixels })), out)).toBe(0);
  });

  it('names what is wrong with a request', async () => {
    const apply = await make(oblong);
    const pixels = noise(oblong);
    expect(() => apply(request(pixels.subarray(3), {}))).toThrow(/5880 bytes.*53 x 37 RGB has 5883/);
    expect(() => apply(request(pixels, { out: new Uint8Array(1) }))).toThrow(/output 1,/);
    for (const degrees of [NaN, Infinity]) {
      expect(() => apply(request(pixels, geometric({ rotation: { degrees } })))).toThrow(/finite/);
    }
    expect(() => apply(request(pixels, geometric({ contrast: { factor: NaN } })))).toThrow(/finite/);
    expect(() => apply(request(pixels, geometric({ translation: { x: 1e6, y: 0 } })))).toThrow(
      /4194304 pixels/,
    );
    await expect(async () => (await make({ width: 0, height: 3 }))(request(pixels, {}))).rejects.toThrow(
      /their size is 0 x 3/,
    );
  });
});

describe('WebAssembly and reference', () => {
  it.each([square, oblong, { width: 4, height: 4 }, { width: 1, height: 7 }, { width: 7, height: 2 }])(
    'agree within one level on %o, for any parameters and fill',
    async (size) => {
      const { apply } = await createTransformer(size);
      const pictures = [noise(size), asymmetric(size), quarters(size), plain(size, 255)];
      const fraction = (limit: number) => fc.double({ min: -limit, max: limit, noNaN: true });
      const arbitrary = fc.record({
        flip: fc.option(fc.record({ horizontal: fc.boolean(), vertical: fc.boolean() })),
        rotation: fc.option(fc.record({ degrees: fraction(400) })),
        zoom: fc.option(
          fc.record({
            crop: fc.record({ x: fraction(1), y: fraction(1), width: fraction(4), height: fraction(4) }),
          }),
        ),
        translation: fc.option(fc.record({ x: fraction(9), y: fraction(9) })),
        contrast: fc.constant(null),
      });
      fc.assert(
        fc.property(
          arbitrary,
          fc.constantFrom(...fills),
          fc.constantFrom(...pictures),
          (parameters, fill, pixels) => {
            const r = request(pixels, { parameters, fill });
            const slow = applyReference({ ...r, out: new Uint8Array(pixels.length) }, size);
            expect(worst(apply(r), slow)).toBeLessThanOrEqual(1);
          },
        ),
        { numRuns: size === square ? 12 : 200, seed: 5 },
      );
    },
  );

  it('agree on contrast to the last bit, any number of pixels', async () => {
    for (let width = 1; width <= 40; width++) {
      const size = { width, height: 3 };
      const { apply } = await createTransformer(size);
      const pixels = noise(size, width);
      for (const contrast of ['grey', 'channel'] as const) {
        for (const factor of [0, 0.37, 0.8, 1.1999, 3, -1]) {
          const r = request(pixels, { contrast, ...geometric({ contrast: { factor } }) });
          const slow = applyReference({ ...r, out: new Uint8Array(pixels.length) }, size);
          expect(worst(apply(r), slow)).toBe(0);
        }
      }
    }
  });

  it('sum up large bright pictures without overflow', async () => {
    const size = { width: 3000, height: 3000 }; // 9e6 x 255 is above 2^31
    const { apply } = await createTransformer(size);
    const pixels = new Uint8Array(size.width * size.height * 3).fill(255);
    for (const contrast of ['grey', 'channel'] as const) {
      const out = apply(request(pixels, { contrast, ...geometric({ contrast: { factor: 0 } }) }));
      expect(Buffer.compare(out, pixels)).toBe(0);
    }
  });

  it('agree on what training draws, and two transformers do not disturb each other', async () => {
    const [one, other] = [await createTransformer(oblong), await createTransformer(square)];
    const options = {
      flip: 'horizontal_and_vertical',
      rotation: 0.25,
      zoom: 0.2,
      translation: { height: 0.3, width: 0.2 },
      contrast: 0.2,
    } as const;
    const pictures = [asymmetric(oblong), asymmetric(square)];
    for (let i = 0; i < 20; i++) {
      const parameters = sampleTraining(options, randomStream(1, [String(i)]));
      const [small, large] = pictures.map((pixels) =>
        request(pixels, { parameters, fill: 'reflect', contrast: 'channel' }),
      ) as [TransformRequest, TransformRequest];
      other.apply(large);
      const fast = one.apply(small).slice();
      // one level before a contrast of up to 1.2 may become two after it
      expect(worst(fast, applyReference(small, oblong))).toBeLessThanOrEqual(2);
    }
  });
});

describe('createTransformer', () => {
  it('refuses sizes that no memory holds', async () => {
    await expect(createTransformer({ width: 32_766, height: 32_766 })).rejects.toThrow(
      /two of 32766 x 32766 do not fit/,
    );
    await expect(createTransformer({ width: 32_767, height: 1 })).rejects.toThrow(/from 1 to 32766/);
    await expect(createTransformer({ width: 1.5, height: 1 })).rejects.toThrow(/their size is 1.5 x 1/);
  });

  it('works on the longest rows and columns', async () => {
    for (const size of [
      { width: 32_766, height: 2 },
      { width: 2, height: 32_766 },
    ]) {
      const { apply } = await createTransformer(size);
      const pixels = asymmetric(size);
      const once = apply(request(pixels, geometric({ flip: { horizontal: true, vertical: true } })));
      const expected = picture(size, (x, y) => {
        const from = ((size.height - 1 - y) * size.width + size.width - 1 - x) * 3;
        return [...pixels.subarray(from, from + 3)];
      });
      expect(worst(once, expected)).toBe(0);
    }
  });
});

describe('the built package', () => {
  it('works in a worker thread, writing to shared memory', async () => {
    const pixels = asymmetric(oblong);
    const parameters = { ...untransformed, rotation: { degrees: 33 }, contrast: { factor: 1.1 } };
    const out = new Uint8Array(new SharedArrayBuffer(pixels.length));
    const worker = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads');
      import(workerData.url).then(async ({ createTransformer }) => {
        const { apply } = await createTransformer(workerData.size);
        apply(workerData.request);
        parentPort.postMessage('done');
      });`,
      {
        eval: true,
        workerData: {
          url: new URL('../dist/index.js', import.meta.url).href,
          size: oblong,
          request: request(pixels, { parameters, out, fill: 'reflect' }),
        },
      },
    );
    try {
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    } finally {
      await worker.terminate();
    }
    const here = (await createTransformer(oblong)).apply(request(pixels, { parameters, fill: 'reflect' }));
    expect(worst(out, here)).toBe(0);
  });
});
