import { mkdtemp, rename, rm, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDatasetConfig } from '@atelier/core';
import { writeSyntheticDataset, type SyntheticDataset } from '../testing/synthetic-dataset.js';
import { loaderProgram } from '../testing/trainer-program.js';
import type { BatchSource, Pass } from './batch-source.js';
import { directSource } from './direct-source.js';
import type { LoaderOptions } from './fill-batch.js';
import { readNormalizedDataset } from './normalized-dataset.js';
import { openSplit } from './open-split.js';
import { workerSource } from './worker-source.js';

const { augment } = parseDatasetConfig({}, 'dataset.json').train;
const roots: string[] = [];
async function options(given: Partial<SyntheticDataset> = {}): Promise<LoaderOptions> {
  const root = await mkdtemp(path.join(tmpdir(), 'atelier-loader-'));
  roots.push(root);
  await writeSyntheticDataset(root, {
    perClass: { train: 9, validation: 3, test: 0 },
    side: 24,
    shardRows: 7,
    ...given,
  });
  return { dataset: await readNormalizedDataset(root), seed: 5, augment };
}
afterAll(async () => {
  for (const root of roots) await rm(root, { recursive: true, force: true });
});

interface Kept {
  /** A character for each value: strings are compared fast. */
  pixels: string;
  labels: number[];
  rows: number[];
}

/** All batches of a pass, copied: the source's own hold only for a moment. */
async function all(source: BatchSource, pass: Pass): Promise<Kept[]> {
  const kept: Kept[] = [];
  for await (const { pixels, labels, rows } of source.batches(pass)) {
    kept.push({ pixels: Buffer.from(pixels).toString('latin1'), labels: [...labels], rows: [...rows] });
  }
  return kept;
}

it.each(['normalized', 'normalized/manifest.jsonl', 'normalized/train-00001.arrow'])(
  'nothing is read through a link out of the dataset: %s',
  async (name) => {
    await options();
    const root = roots.at(-1) as string;
    const outside = await mkdtemp(path.join(tmpdir(), 'atelier-outside-'));
    roots.push(outside);
    await rename(path.join(root, name), path.join(outside, 'there'));
    await symlink(path.join(outside, 'there'), path.join(root, name));
    await expect(readNormalizedDataset(root)).rejects.toMatchObject({
      code: 'READ_FAILED',
      path: path.join(root, name),
    });
  },
);

const training: Pass = { split: 'train', batchSize: 8, epoch: 0, fromStep: 0 };
const validation: Pass = { split: 'validation', batchSize: 5, epoch: null, fromStep: 0 };
const inThread = (given: LoaderOptions) =>
  workerSource(given, { batchSize: 8, slots: 2, program: loaderProgram });

describe.each<[string, (given: LoaderOptions) => Promise<BatchSource>]>([
  ['direct', directSource],
  ['worker', async (given) => inThread(given)],
])('the %s source', (_name, make) => {
  let source: BatchSource;
  let given: LoaderOptions;
  beforeAll(async () => {
    given = await options();
    source = await make(given);
  });
  afterAll(() => source.close());

  it('gives each row once, shuffled anew for each epoch, the rest as a smaller batch', async () => {
    const first = await all(source, training);
    const second = await all(source, { ...training, epoch: 1 });
    expect(first.map(({ rows }) => rows.length)).toEqual([8, 8, 8, 8, 4]);
    const order = first.flatMap(({ rows }) => rows);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 36 }, (_, row) => row));
    expect(second.flatMap(({ rows }) => rows)).not.toEqual(order);
    const split = await openSplit(given.dataset, 'train');
    split.close();
    expect(first.flatMap(({ labels }) => labels)).toEqual(order.map((row) => split.labels[row]));
  });

  it('gives the same batches again, whatever else it was asked for', async () => {
    const first = await all(source, training);
    await all(source, validation);
    expect(await all(source, training)).toEqual(first);
  });

  it('goes on in the middle of an epoch with the same batches', async () => {
    const whole = await all(source, training);
    expect(await all(source, { ...training, fromStep: 3 })).toEqual(whole.slice(3));
    expect(await all(source, { ...training, fromStep: 5 })).toEqual([]);
  });

  it('leaves evaluation in file order and as it is', async () => {
    const batches = await all(source, validation);
    expect(batches.flatMap(({ rows }) => rows)).toEqual(Array.from({ length: 12 }, (_, row) => row));
    const split = await openSplit(given.dataset, 'validation');
    const picture = new Uint8Array(24 * 24 * 3);
    const pixels = batches.map((batch) => batch.pixels).join('');
    for (let row = 0; row < 12; row++) {
      split.readPixels(row, picture);
      const own = pixels.slice(row * picture.length, (row + 1) * picture.length);
      expect(own).toBe(Buffer.from(picture).toString('latin1'));
    }
    split.close();
  });

  it('transforms a picture by its epoch and name alone', async () => {
    const byRow = (batches: readonly Kept[]) => {
      const size = 24 * 24 * 3;
      return new Map(
        batches.flatMap(({ rows, pixels }) =>
          rows.map((row, i) => [row, pixels.slice(i * size, (i + 1) * size)] as const),
        ),
      );
    };
    const ofEight = byRow(await all(source, training));
    const ofThree = byRow(await all(source, { ...training, batchSize: 3 }));
    const later = byRow(await all(source, { ...training, epoch: 7 }));
    for (const [row, pixels] of ofEight) expect(ofThree.get(row)).toBe(pixels);
    expect([...later].filter(([row, pixels]) => ofEight.get(row) === pixels)).toEqual([]);
  });

  it('can be left in the middle of a pass and used again', async () => {
    const whole = await all(source, validation);
    for (let i = 0; i < 3; i++) {
      for await (const { rows } of source.batches(training)) {
        expect(rows.length).toBe(8);
        break;
      }
    }
    expect(await all(source, validation)).toEqual(whole);
  });
});

describe('the worker source', () => {
  it('gives the batches of the direct one, augmented and not', async () => {
    const given = await options({ dtype: 'float16' });
    const direct = await directSource(given);
    const worker = inThread(given);
    for (const pass of [training, validation, { ...training, epoch: 3, fromStep: 2 }]) {
      expect(await all(worker, pass)).toEqual(await all(direct, pass));
    }
    await worker.close();
    await direct.close();
  });

  it('works ahead by its slots and no further', async () => {
    const given = await options();
    const worker = inThread(given);
    const batches = worker.batches(training)[Symbol.asyncIterator]();
    const first = (await batches.next()).value!;
    const mine = Buffer.from(first.pixels);
    await sleep(300); // far longer than the whole pass takes
    // the thread has filled the other slot, and waits for this one
    expect(Buffer.from(first.pixels).equals(mine)).toBe(true);
    const shared = first.pixels.buffer;
    expect(shared).toBeInstanceOf(SharedArrayBuffer);
    expect(shared.byteLength).toBe(2 * 8 * 24 * 24 * 3);
    for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
      expect(next.value.pixels.buffer).toBe(shared);
    }
    await worker.close();
  });

  it('brings the errors of its thread across', async () => {
    const given = await options();
    const shard = given.dataset.shards.train[1]!.path;
    await unlink(shard);
    const worker = inThread(given);
    await expect(all(worker, training)).rejects.toMatchObject({
      name: 'AtelierError',
      code: 'ARTIFACT_MISSING',
      path: shard,
    });
    expect((await all(worker, validation)).length).toBe(3); // the thread lives on
    await worker.close();
  });

  it('says so when its thread ends', async () => {
    const missing = new URL('./no-such-program.js', import.meta.url);
    const worker = workerSource(await options(), { batchSize: 8, program: missing });
    await expect(all(worker, training)).rejects.toMatchObject({ code: 'TRAINING_FAILED' });
    await worker.close();
  });
});

describe('openSplit', () => {
  it('refuses a label that is no class, naming the sample', async () => {
    const { dataset } = await options();
    const fewer = { ...dataset, classNames: dataset.classNames.slice(0, 3) };
    await expect(openSplit(fewer, 'validation')).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      sampleId: 'weiß/validation 0.jpg#0',
      problem: 'its class index is 3, and there are 3 classes (0 to 2)',
    });
  });

  it('refuses a shard that is not what the manifest says', async () => {
    const { dataset } = await options();
    const shards = { ...dataset.shards, test: [{ ...dataset.shards.validation[0]!, rows: 99 }] };
    await expect(openSplit({ ...dataset, shards }, 'test')).rejects.toMatchObject({
      code: 'ARTIFACT_DAMAGED',
    });
  });
});
