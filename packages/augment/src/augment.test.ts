import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readManifest, sha256, writeManifest, type Manifest, type ManifestItem } from '@atelier/artifacts';
import { classNameOf, type Split } from '@atelier/core';
import { codec, decodeJpeg, encodeJpeg, type RawImage } from '@atelier/image';
import { openDataset, runStage, silentReporter } from '@atelier/stage';
import { applyReference, untransformed, type TransformParameters } from '@atelier/transform';
import { augment } from './augment.js';

let root: string;
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'atelier-augment-'))));
afterEach(() => rm(root, { recursive: true }));

const size = { width: 40, height: 24 };

/** An asymmetric picture: brighter to the right and below, with a light corner; another seed, another colour. */
function picture(seed: number): RawImage {
  const { width, height } = size;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const corner = x < 10 && y < 6 ? 90 : 0;
      data.set([40 + x * 3 + corner, ((seed * 37) % 120) + y * 4, 200 - x * 2 - y], (y * width + x) * 3);
    }
  }
  return { data, width, height };
}

/** What resize and split leave; names of artifacts as resize chose them. */
async function upstream(assigned: Readonly<Record<string, Split>>, seedOf = (_: string, i: number) => i) {
  const resized: [string, ManifestItem][] = [];
  const splits: [string, ManifestItem][] = [];
  for (const [i, [id, split]] of Object.entries(assigned).entries()) {
    const jpeg = await encodeJpeg(picture(seedOf(id, i)), 90);
    const path = `resized_images/${id}.jpg`;
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), jpeg);
    const className = classNameOf(id);
    const outputs = [{ path, sizeBytes: jpeg.length, sha256: sha256(jpeg) }];
    resized.push([id, { id, key: id, outputs, params: { className } }]);
    splits.push([id, { id, key: id, outputs: [], params: { className, split } }]);
  }
  splits.push(['files', { id: 'files', key: 'files', outputs: [] }]);
  const header = { version: 1, config: {} };
  await writeManifest(join(root, 'resized_images/manifest.jsonl'), {
    header: { ...header, stage: 'resize' },
    items: new Map(resized),
  });
  await writeManifest(join(root, 'splits/manifest.jsonl'), {
    header: { ...header, stage: 'split' },
    items: new Map(splits),
  });
}

async function run(config: Record<string, unknown> = {}) {
  await writeFile(join(root, 'dataset.json'), JSON.stringify(config));
  return runStage(augment, await openDataset(root), { reporter: silentReporter });
}
const manifest = async () => (await readManifest(join(root, 'generated_images/manifest.jsonl'))) as Manifest;
const item = async (id: string) => (await manifest()).items.get(id) as ManifestItem;
const bytesOf = async (id: string) => readFile(join(root, (await item(id)).outputs[0]?.path as string));
const parametersOf = async (id: string) =>
  (await item(id)).data?.['parameters'] as unknown as TransformParameters;
/** Every transform, always. */
const always = {
  flip: { probability: 1 },
  rotation: { probability: 1 },
  zoom: { probability: 1 },
  translation: { probability: 1 },
  contrast: { probability: 1 },
};

describe('which pictures', () => {
  it('five of each train picture, and the others alone', async () => {
    await upstream({ 'cat/a': 'train', 'cat/b': 'validation', 'cat/c': 'test', 'dog/d': 'train' });
    await run();
    expect((await readdir(join(root, 'generated_images/cat'))).sort()).toEqual(
      ['a_0', 'a_1', 'a_2', 'a_3', 'a_4', 'b_0', 'c_0'].map((name) => `${name}.jpg`),
    );
    const items = [...(await manifest()).items.values()];
    expect(items.filter(({ params }) => params?.['split'] !== 'train').map(({ id }) => id)).toEqual([
      'cat/b#0',
      'cat/c#0',
    ]);
    // a child is on the side of its source, always
    for (const { id, params } of items) {
      expect(params).toMatchObject({
        sourceId: id.slice(0, -2),
        className: classNameOf(id),
        variant: Number(id.slice(-1)),
      });
    }
  });

  it('as many, and of the splits, that dataset.json asks for', async () => {
    await upstream({ 'cat/a': 'train', 'cat/b': 'validation', 'cat/c': 'test' });
    await run({ augment: { imagesPerSource: 2, splits: ['validation', 'test'] } });
    expect([...(await manifest()).items.keys()]).toEqual([
      'cat/a#0',
      'cat/b#0',
      'cat/b#1',
      'cat/c#0',
      'cat/c#1',
    ]);
    expect(await run({ augment: { imagesPerSource: 1 } })).toMatchObject({ done: 0, kept: 3, removed: 2 });
    expect(await readdir(join(root, 'generated_images/cat'))).toHaveLength(3);
  });

  it('a picture that moves to another split takes its variants along, and loses them outside train', async () => {
    await upstream({ 'cat/a': 'train', 'cat/b': 'test' });
    await run();
    await upstream({ 'cat/a': 'test', 'cat/b': 'test' });
    expect(await run()).toMatchObject({ done: 1, removed: 4 });
    expect((await item('cat/a#0')).params).toMatchObject({ split: 'test' });
  });

  it('refuses to go on where the resized picture of an assigned source is gone', async () => {
    await upstream({ 'cat/a': 'train' });
    const path = join(root, 'resized_images/manifest.jsonl');
    const { header } = (await readManifest(path)) as Manifest;
    await writeManifest(path, { header, items: new Map() });
    await expect(run()).rejects.toMatchObject({ code: 'INPUT_CHANGED', path: 'cat/a' });
  });
});

describe('variant 0', () => {
  it('is the resized picture, byte for byte, with nothing done to it', async () => {
    await upstream({ 'cat/a': 'train', 'cat/b': 'test' });
    await run({ resize: { quality: 31 }, augment: always });
    for (const name of ['cat/a', 'cat/b']) {
      expect(await bytesOf(`${name}#0`)).toEqual(await readFile(join(root, `resized_images/${name}.jpg`)));
      expect(await parametersOf(`${name}#0`)).toEqual(untransformed);
    }
  });
});

describe('variants', () => {
  it.each(['reflect', 'nearest', 'constant'] as const)(
    'are what their parameters say, filled by %s, within a level before the JPEG',
    async (fill) => {
      await upstream({ 'cat/a': 'train', 'dog/b': 'train' });
      await run({ resize: { quality: 100 }, augment: { ...always, fill } });
      for (const source of ['cat/a', 'dog/b']) {
        const { data: pixels } = await decodeJpeg(await bytesOf(`${source}#0`));
        for (const variant of [1, 2, 3, 4]) {
          const parameters = await parametersOf(`${source}#${variant}`);
          const out = new Uint8Array(pixels.length);
          applyReference({ pixels, out, parameters, fill, contrast: 'grey' }, size);
          const expected = await decodeJpeg(await encodeJpeg({ data: out, ...size }, 100));
          const found = await decodeJpeg(await bytesOf(`${source}#${variant}`));
          const errors = found.data.map((v, i) => Math.abs(v - (expected.data[i] as number)));
          // one level before the JPEG of quality 100 (4:2:0) is at most a few after it, here and there
          expect(errors.reduce((sum, v) => sum + v, 0) / errors.length).toBeLessThan(0.5);
          expect(Math.max(...errors)).toBeLessThanOrEqual(6);
        }
      }
    },
  );

  it('hold their parameters within the ranges of dataset.json', async () => {
    const sources = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`cat/${i}`, 'train' as const]));
    await upstream(sources);
    await run({ augment: always });
    const drawn: TransformParameters[] = [];
    for (const { id, params } of (await manifest()).items.values()) {
      if (params?.['variant'] !== 0) drawn.push(await parametersOf(id));
    }
    expect(drawn).toHaveLength(48);
    for (const { flip, rotation, zoom, translation, contrast } of drawn) {
      expect(flip?.horizontal === true || flip?.vertical === true).toBe(true);
      expect(Math.abs(rotation?.degrees as number)).toBeLessThanOrEqual(25);
      expect(zoom?.crop.width).toBeGreaterThanOrEqual(0.8);
      expect(zoom?.crop.width).toBeLessThanOrEqual(1);
      expect(zoom?.crop.height).toBe(zoom?.crop.width);
      expect(
        Math.max(Math.abs(translation?.x as number), Math.abs(translation?.y as number)),
      ).toBeLessThanOrEqual(0.3);
      expect(contrast?.factor).toBeGreaterThanOrEqual(0.8);
      expect(contrast?.factor).toBeLessThanOrEqual(1.2);
    }
    expect(new Set(drawn.map((parameters) => JSON.stringify(parameters))).size).toBe(48);
  });

  it('apply each transform about as often as its probability says', async () => {
    const sources = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`cat/${i}`, 'train' as const]));
    await upstream(sources, () => 1);
    await run({ augment: { rotation: { probability: 0 }, zoom: { probability: 1 } } });
    const counts = { flip: 0, rotation: 0, zoom: 0, translation: 0, contrast: 0 };
    for (const { id, params } of (await manifest()).items.values()) {
      if (params?.['variant'] === 0) continue;
      const parameters = await parametersOf(id);
      for (const name of Object.keys(counts) as (keyof typeof counts)[]) {
        if (parameters[name] !== null) counts[name]++;
      }
    }
    expect(counts).toMatchObject({ rotation: 0, zoom: 160 });
    // of 160 with probability 0.5: 80, give or take four standard deviations of 6.3
    for (const name of ['flip', 'translation', 'contrast'] as const) {
      expect(Math.abs(counts[name] - 80)).toBeLessThan(26);
    }
  });

  it('follow from the seed and the sample alone: not from order, company or concurrency', async () => {
    await upstream({ 'cat/a': 'train', 'cat/b': 'train', 'dog/c': 'train' }, (id) => id.length);
    await run();
    const before = await bytesOf('cat/b#3');
    await rm(join(root, 'generated_images'), { recursive: true });
    await upstream({ 'cat/b': 'train' }, (id) => id.length);
    await run();
    expect(await bytesOf('cat/b#3')).toEqual(before);
    await run({ seed: 2 });
    expect(await bytesOf('cat/b#3')).not.toEqual(before);
  });
});

describe('what reruns', () => {
  it('nothing, the second time', async () => {
    await upstream({ 'cat/a': 'train', 'cat/b': 'test' });
    await run();
    expect(await run()).toMatchObject({ done: 0, kept: 6, removed: 0 });
  });

  it('of another range the variants, never the originals, and it is said why', async () => {
    await upstream({ 'cat/a': 'train', 'cat/b': 'test' });
    await run();
    const summary = await run({ augment: { rotation: { maxDegrees: 10 } } });
    expect(summary).toMatchObject({ done: 4, kept: 2 });
    expect(summary.reasons).toMatchObject([
      { reason: 'augment.rotation.maxDegrees changed from 25 to 10', count: 4 },
    ]);
    expect(summary.items.map(({ id }) => id)).toEqual(['cat/a#1', 'cat/a#2', 'cat/a#3', 'cat/a#4']);
  });

  it('more pictures per source are added, the others kept', async () => {
    await upstream({ 'cat/a': 'train' });
    await run();
    expect(await run({ augment: { imagesPerSource: 7 } })).toMatchObject({ done: 2, kept: 5 });
  });

  it('a changed picture makes its own children anew', async () => {
    await upstream({ 'cat/a': 'train', 'cat/b': 'train' });
    await run();
    await upstream({ 'cat/a': 'train', 'cat/b': 'train' }, (id, i) => (id === 'cat/b' ? 9 : i));
    const summary = await run();
    expect(summary).toMatchObject({ done: 5, kept: 5 });
    expect(new Set(summary.items.map(({ id, reason }) => `${id.slice(0, 5)} ${reason}`))).toEqual(
      new Set(['cat/b input changed: resized_images/cat/b.jpg']),
    );
  });

  it('a deleted file alone is restored, byte for byte', async () => {
    await upstream({ 'cat/a': 'train', 'cat/b': 'test' });
    await run();
    for (const id of ['cat/a#0', 'cat/a#3', 'cat/b#0']) {
      const before = await bytesOf(id);
      await rm(join(root, (await item(id)).outputs[0]?.path as string));
      expect((await run()).items).toEqual([{ id, kind: 'missing', reason: 'output missing' }]);
      expect(await bytesOf(id)).toEqual(before);
    }
  });

  it('names in its settings what encodes: another codec would make the variants anew', async () => {
    await upstream({ 'cat/a': 'train' });
    await run();
    expect((await manifest()).header.config).toMatchObject({ codec });
  });
});
