import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AtelierError, parseDatasetConfig } from '@atelier/core';
import { createDecoderPool, encodeJpeg, prepareImage, type DecoderPool } from '@atelier/image';
import { hostileProgram } from '../../../image/src/testing/decoder-program.js';
import type { ModelMetadata } from '../metadata.js';
import { checkPixels } from './check-pixels.js';
import { classify, rank, type Classification, type ClassifyOptions } from './classify.js';

const { resize, limits } = parseDatasetConfig(
  { resize: { width: 8, height: 4, fit: 'contain' } },
  'dataset.json',
);
const metadata = {
  classNames: ['dark', 'bright'],
  input: { height: 4, width: 8, channels: 3, valueRange: [0, 255], dtype: 'uint8' },
  resize,
  limits,
} as unknown as ModelMetadata;

/** "bright" as the mean of the pixels. */
const brightness = async (pixels: Uint8Array, count: number) =>
  Float32Array.from({ length: count * 2 }, (_, i) => {
    const own = pixels.subarray(Math.floor(i / 2) * 96, (Math.floor(i / 2) + 1) * 96);
    const mean = own.reduce((sum, value) => sum + value, 0) / 96 / 255;
    return i % 2 === 1 ? mean : 1 - mean;
  });

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'atelier-classify-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function picture(name: string, level: number): Promise<string> {
  const file = path.join(dir, name);
  await writeFile(
    file,
    await encodeJpeg({ data: new Uint8Array(30 * 30 * 3).fill(level), width: 30, height: 30 }, 95),
  );
  return file;
}

const all = async (files: string[], batchSize = 2, more: Partial<ClassifyOptions> = {}) => {
  const sizes: number[] = [];
  const rows: Classification[] = [];
  const predict = (pixels: Uint8Array, count: number) => (sizes.push(count), brightness(pixels, count));
  for await (const row of classify(files, { metadata, predict, batchSize, ...more })) rows.push(row);
  return { rows, sizes };
};

describe('classify', () => {
  it('answers in order, unreadable files by a reason, and goes on', async () => {
    const text = path.join(dir, 'text.jpg');
    await writeFile(text, 'no picture');
    const files = [
      await picture('a.jpg', 240),
      text,
      path.join(dir, 'missing.jpg'),
      await picture('b.jpg', 3),
    ];
    const { rows, sizes } = await all(files);
    expect(rows.map((row) => row.path)).toEqual(files);
    expect(rows.map((row) => ('error' in row ? row.error.code : row.classes[0]?.className))).toEqual([
      'bright',
      'INPUT_INVALID',
      'READ_FAILED',
      'bright', // contain pads with white
    ]);
    expect(sizes).toEqual([1, 1]);
  });

  it('prepares pictures as preprocessing does', async () => {
    const file = await picture('c.jpg', 100);
    let seen: Uint8Array | undefined;
    const predict = (pixels: Uint8Array, count: number) => (
      (seen = pixels.slice()),
      brightness(pixels, count)
    );
    for await (const row of classify([file], { metadata, predict })) expect(row.path).toBe(file);
    const bytes = await encodeJpeg(
      { data: new Uint8Array(30 * 30 * 3).fill(100), width: 30, height: 30 },
      95,
    );
    expect(seen).toEqual(Uint8Array.from((await prepareImage(bytes, { resize, limits })).pixels));
  });

  it('goes on behind pictures that make the decoder crash or hang, and what is no picture', async () => {
    const decoders = createDecoderPool({ program: hostileProgram(dir).program, processes: 1 });
    const pipe = path.join(dir, 'pipe.jpg');
    execFileSync('mkfifo', [pipe]);
    const names = ['crash.jpg', 'good.jpg', 'hang.jpg', 'slow.jpg'];
    const files = [...(await Promise.all(names.map((name) => picture(name, 240)))), pipe, '/dev/zero', dir];
    const { rows } = await all(files, 16, { decoders, limits: { ...limits, timeoutMs: 2000 } });
    decoders.rest();
    expect(rows.map((row) => ('error' in row ? row.error.problem : row.classes[0]?.className))).toEqual([
      'it made the decoder crash',
      'bright',
      'it made the decoder hang: it was not decoded within limits.timeoutMs 2000',
      'bright',
      'it is no regular file',
      'it is no regular file',
      'it is no regular file',
    ]);
    for (const row of rows)
      if ('error' in row) expect(row.error.message).toContain(`Cannot classify ${row.path}: `);
  });

  it('holds pictures to the limits of the model', async () => {
    const file = await picture('d.jpg', 9);
    const narrow = { ...metadata, limits: { ...limits, maxSide: 29 } };
    const [row] = (await all([file], 1, { metadata: narrow })).rows;
    expect(row).toMatchObject({ error: { code: 'INPUT_INVALID' } });
    expect((row as { error: AtelierError }).error.problem).toMatch(/30 pixels, more than limits.maxSide 29/);
  });

  it('fails where no decoder starts: that is no picture’s fault', async () => {
    const error = new AtelierError({ code: 'PROGRAM_FAILED', action: 'start', problem: 'no', hint: 'Mend.' });
    const decoders = { prepare: () => Promise.reject(error) } as unknown as DecoderPool;
    await expect(all([await picture('e.jpg', 9)], 1, { decoders })).rejects.toBe(error);
  });

  it('asks nothing where nothing can be read', async () => {
    const { rows, sizes } = await all([path.join(dir, 'missing.jpg')]);
    expect(rows).toHaveLength(1);
    expect(sizes).toEqual([]);
  });
});

describe('rank', () => {
  it('puts the likeliest first, equal ones in the order of the classes', () => {
    const probabilities = Float32Array.of(0, 0, 0, 0, 0.25, 0.5, 0.25, 0);
    expect(
      rank(probabilities, { row: 1, classNames: ['a', 'b', 'c', 'd'] }).map((of) => of.className),
    ).toEqual(['b', 'a', 'c', 'd']);
  });
});

describe('checkPixels', () => {
  it('counts pictures', () => {
    expect(checkPixels(new Uint8Array(96 * 3), metadata.input)).toBe(3);
  });

  it.each([
    [new Float32Array(96).fill(0.5), /values from 0.5 to 0.5 in Float32Array, not bytes/],
    [new Int32Array(96).fill(1), /values from 1 to 1 in Int32Array, not bytes/],
    [new Uint8Array(95), /95 values are not one or more pictures of 4x8x3/],
    [new Uint8Array(0), /0 values are not one or more pictures/],
  ])('refuses %p', (pixels, message) => {
    expect(() => checkPixels(pixels, metadata.input)).toThrow(message);
  });
});
