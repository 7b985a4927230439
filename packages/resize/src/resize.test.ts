import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readManifest, sha256, writeManifest, type Manifest, type ManifestItem } from '@atelier/artifacts';
import { classNameOf, parseDatasetConfig } from '@atelier/core';
import { codec, decodeJpeg, measureImage, prepareImage, resizeImage } from '@atelier/image';
import { openDataset, runStage, silentReporter } from '@atelier/stage';
import sharp from 'sharp';
import { resize } from './resize.js';

let root: string;
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'atelier-resize-'))));
afterEach(() => rm(root, { recursive: true }));

type Colour = { r: number; g: number; b: number };
const RED = { r: 255, g: 0, b: 0 };
const GREEN = { r: 0, g: 255, b: 1 };
const BLUE = { r: 0, g: 0, b: 255 };

/** A picture of one colour with a dark left edge. */
const png = (background: Colour) =>
  sharp({ create: { width: 24, height: 16, channels: 3, background } })
    .composite([
      { input: { create: { width: 3, height: 16, channels: 3, background: '#000' } }, left: 0, top: 0 },
    ])
    .png()
    .toBuffer();

/** What ingest leaves: its manifest, and the pictures where they are. */
async function ingested(files: Readonly<Record<string, Uint8Array>>, more: Partial<ManifestItem>[] = []) {
  const items = Object.entries(files).map(([id, bytes]): ManifestItem => ({
    id,
    key: sha256(bytes),
    inputs: { [`images/${id}`]: sha256(bytes) },
    outputs: [],
    params: { className: classNameOf(id) },
  }));
  for (const [id, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(root, 'images', id)), { recursive: true });
    await writeFile(join(root, 'images', id), bytes);
  }
  const all = [...items, ...(more as ManifestItem[])].map((item): [string, ManifestItem] => [item.id, item]);
  await writeManifest(join(root, 'sources/manifest.jsonl'), {
    header: { stage: 'ingest', version: 1, config: {} },
    items: new Map(all),
  });
}

const size = { width: 12, height: 10 };
async function run(config: Record<string, unknown> = {}) {
  await writeFile(join(root, 'dataset.json'), JSON.stringify({ resize: size, ...config }));
  return runStage(resize, await openDataset(root), { reporter: silentReporter });
}
const manifest = async () => (await readManifest(join(root, 'resized_images/manifest.jsonl'))) as Manifest;
const output = async (id: string) => {
  const path = (await manifest()).items.get(id)?.outputs[0]?.path as string;
  return readFile(join(root, path));
};

describe('resize', () => {
  it('writes what prepareImage makes, and records hash and channel moments of the pixels', async () => {
    const source = await png(RED);
    await ingested({ 'cat/a.png': source });
    await run();
    const options = parseDatasetConfig({ resize: size }, '');
    const prepared = await prepareImage(source, options);
    expect(await output('cat/a.png')).toEqual(Buffer.from(prepared.jpeg));
    const pixels = await resizeImage(source, options);
    expect((await manifest()).items.get('cat/a.png')).toMatchObject({
      outputs: [{ path: 'resized_images/cat/a.png.jpg', sha256: sha256(prepared.jpeg) }],
      params: { className: 'cat' },
      data: { ...measureImage(pixels) },
    });
  });

  it('gives names that differ only by extension, case or form a file each', async () => {
    const files = {
      'cat/a.png': await png(RED),
      'cat/a.jpg': await sharp(await png(GREEN))
        .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
        .toBuffer(),
      'cat/a.webp': await sharp(await png(BLUE))
        .webp({ lossless: true })
        .toBuffer(),
      'cat/a.png.png': await png(GREEN),
      'cat/A.jpg': await png(BLUE),
      'cat/a_b.png': await png(RED),
      'cat_a/b.png': await png(GREEN),
      'cat/caf\u00e9.png': await png(RED),
      'cat/cafe\u0301.png': await png(BLUE),
      'cat/manifest.jsonl/x.png': await png(RED),
    };
    await ingested(files);
    expect(await run()).toMatchObject({ done: 10, quarantined: 0 });
    const paths = [...(await manifest()).items.values()].map((item) => item.outputs[0]?.path as string);
    expect(new Set(paths.map((path) => path.normalize('NFC').toLowerCase())).size).toBe(10);
    const colour = async (id: string) => {
      const { data, width, height } = await decodeJpeg(await output(id));
      const at = ((height >> 1) * width + width - 2) * 3;
      return [...data.subarray(at, at + 3)].map((v) => (v > 128 ? 1 : 0)).join('');
    };
    expect(await colour('cat/a.png')).toBe('100');
    expect(await colour('cat/a.jpg')).toBe('010');
    expect(await colour('cat/a.webp')).toBe('001');
    expect(await colour('cat/A.jpg')).toBe('001');
    expect(await colour('cat/cafe\u0301.png')).toBe('001');
  });

  it('sets aside what cannot be decoded in full, and what ingest refused goes nowhere', async () => {
    const refused = {
      id: 'cat/page.jpg',
      key: 'k',
      outputs: [],
      params: { className: 'cat' },
      quarantine: {
        path: 'images/cat/page.jpg',
        code: 'INPUT_INVALID',
        reason: 'no picture',
        remedy: 'remove it',
      },
    };
    const whole = await png(RED);
    await ingested({ 'cat/good.png': whole, 'cat/half.png': whole.subarray(0, whole.length - 20) }, [
      refused,
    ]);
    const summary = await run();
    expect(summary).toMatchObject({ done: 2, quarantined: 1 });
    expect(summary.quarantine[0]).toMatchObject({
      path: 'images/cat/half.png',
      reason: expect.stringMatching(/cut off or damaged/) as string,
    });
    expect((await readdir(join(root, 'resized_images/cat'))).sort()).toEqual(['good.png.jpg']);
    expect((await manifest()).items.has('cat/page.jpg')).toBe(false);
    expect(await run()).toMatchObject({ done: 0, kept: 2, quarantined: 1 });
  });

  it('refuses a source that is no longer what ingest saw', async () => {
    await ingested({ 'cat/a.png': await png(RED) });
    await writeFile(join(root, 'images/cat/a.png'), await png(BLUE));
    await expect(run()).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
    await rm(join(root, 'images/cat/a.png'));
    await expect(run()).rejects.toMatchObject({ code: 'INPUT_MISSING' });
  });

  it('makes all anew when its own settings change, and nothing for those of others', async () => {
    await ingested({ 'cat/a.png': await png(RED), 'cat/b.png': await png(BLUE) });
    await run();
    const others = { seed: 7, augment: { rotation: { maxDegrees: 1 } }, split: { train: 0.6, test: 0.3 } };
    expect(await run(others)).toMatchObject({ done: 0, kept: 2 });
    const summary = await run({ resize: { ...size, quality: 50 } });
    expect(summary).toMatchObject({ done: 2, kept: 0 });
    expect(summary.reasons.map(({ reason }) => reason)).toEqual(['resize.quality changed from 90 to 50']);
  });

  it('names in its keys what the pictures are made with', async () => {
    await ingested({ 'cat/a.png': await png(RED) });
    await run();
    expect((await manifest()).header.config).toMatchObject({ codec });
    expect(codec).toBe(`sharp ${(sharp.versions as { sharp?: string }).sharp}`);
  });
});

describe('subset.perClass', () => {
  const many = async () => {
    const colours = Array.from({ length: 6 }, (_, i) => ({ r: 40 * i, g: 10, b: 200 - 30 * i }));
    const files = await Promise.all(
      colours.flatMap((colour, i) => [
        png(colour).then((bytes) => [`cat/${i}.png`, bytes] as const),
        png({ ...colour, g: 99 }).then((bytes) => [`dog/${i}.png`, bytes] as const),
      ]),
    );
    return Object.fromEntries(files);
  };
  const chosen = async () => [...(await manifest()).items.keys()];

  it('takes so many pictures of each class, by a seeded hash of their content', async () => {
    await ingested(await many());
    await run({ subset: { perClass: 1 } });
    const one = await chosen();
    expect(one.map(classNameOf)).toEqual(['cat', 'dog']);
    await run({ subset: { perClass: 2 } });
    expect((await chosen()).map(classNameOf)).toEqual(['cat', 'cat', 'dog', 'dog']);
    expect(await chosen()).toEqual(expect.arrayContaining(one));
    await run();
    expect(await chosen()).toHaveLength(12);
  });

  it('another seed chooses other pictures, at once', async () => {
    await ingested(await many());
    const choices = new Set<string>();
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      await run({ seed, subset: { perClass: 1 } });
      choices.add((await chosen()).join());
      await run({ seed, subset: { perClass: 1 } });
      choices.add((await chosen()).join());
    }
    expect(choices.size).toBeGreaterThan(2);
    expect(choices.size).toBeLessThanOrEqual(6);
  });

  it('removes what is no longer in it', async () => {
    await ingested(await many());
    await run();
    expect(await run({ subset: { perClass: 1 } })).toMatchObject({ done: 0, kept: 2, removed: 10 });
    expect(await readdir(join(root, 'resized_images/cat'))).toHaveLength(1);
  });
});
