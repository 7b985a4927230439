import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readManifest, type Manifest } from '@atelier/artifacts';
import { STAGES, type StageName } from '@atelier/core';
import { createDecoderPool } from '@atelier/image';
import { ingest } from '@atelier/ingest';
import { openDataset, runStage, silentReporter, type RunSummary } from '@atelier/stage';
import { createResize } from '../packages/resize/src/resize.js';
import { hostileProgram } from '../packages/image/src/testing/decoder-program.js';
import { encodedPicture, pictureKinds } from './fixtures/encoded-pictures.js';
import { runPipeline } from './fixtures/run-pipeline.js';
import { artifacts, expectSameArtifacts } from './fixtures/small-dataset.js';

const config = {
  resize: { width: 24, height: 20 },
  augment: { imagesPerSource: 3 },
  limits: { quarantineBudget: { share: 1 } },
};

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'atelier-hostile-'));
  folders.push(folder);
  return folder;
}
function plant(root: string, files: Readonly<Record<string, Uint8Array | string>>): void {
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  }
}
function dataset(files: Readonly<Record<string, Uint8Array | string>>, more: object = {}): string {
  const root = temporary();
  plant(root, { 'dataset.json': JSON.stringify({ ...config, ...more }) });
  for (const [id, bytes] of Object.entries(files)) plant(root, { [`images/${id}`]: bytes });
  return root;
}
const manifest = async (root: string, stage: StageName) =>
  (await readManifest(join(root, STAGES[stage], 'manifest.jsonl'))) as Manifest;
const quarantined = (summaries: readonly RunSummary[]) =>
  Object.fromEntries(
    summaries.flatMap(({ stage, quarantine }) =>
      quarantine.map(({ path, reason }) => [path, `${stage}: ${reason}`]),
    ),
  );

/** Good pictures of every kind that is read, in three classes. */
async function goodPictures(): Promise<Record<string, Uint8Array>> {
  const files = await Promise.all(
    pictureKinds.map(async (kind, i) => {
      const { name, bytes } = await encodedPicture(kind, `good ${i}`);
      return [`class ${i % 3}/${name}`, bytes] as const;
    }),
  );
  return Object.fromEntries(files);
}

/** Bad ones, each with the stage that refuses it and the beginning of its reason. */
async function badPictures(): Promise<Record<string, { bytes: Uint8Array | string; refused: string }>> {
  const of = async (kind: string) => (await encodedPicture(kind, 'bad')).bytes;
  const half = (bytes: Uint8Array) => bytes.slice(0, bytes.length >> 1);
  const png = Buffer.from(await of('rgb.png'));
  const bitflip = Buffer.from(png);
  bitflip[bitflip.length >> 1] = (bitflip[bitflip.length >> 1] as number) ^ 16;
  const progressive = Buffer.from(await of('progressive.jpg'));
  progressive.writeUInt16BE(30_000, progressive.indexOf(Uint8Array.of(0xff, 0xc2)) + 5);
  progressive.writeUInt16BE(6_000, progressive.indexOf(Uint8Array.of(0xff, 0xc2)) + 7);
  const cut = 'resize: it is cut off or damaged';
  return {
    'half.jpg': { bytes: half(await of('baseline.jpg')), refused: cut },
    'half progressive.jpg': { bytes: half(await of('progressive.jpg')), refused: cut },
    'minus two.jpg': { bytes: (await of('baseline.jpg')).slice(0, -2), refused: cut },
    'half.png': { bytes: half(png), refused: cut },
    'minus twenty.png': { bytes: png.subarray(0, -20), refused: cut },
    'bitflip.png': { bytes: bitflip, refused: cut },
    'half.webp': { bytes: half(await of('lossy.webp')), refused: 'ingest: it begins as a WebP file' },
    'half.avif': { bytes: half(await of('still.avif')), refused: cut },
    'bomb.jpg': {
      bytes: progressive,
      refused: `ingest: its ${progressive.length} bytes claim to hold 6000x30000`,
    },
    'empty.jpg': { bytes: '', refused: 'ingest: the file is empty' },
    'zeros.jpg': { bytes: new Uint8Array(4000), refused: 'ingest: the file holds only zero bytes' },
    'page.jpg': { bytes: '<!DOCTYPE html><title>404</title>', refused: 'ingest: it is a web page' },
    'pointer.jpg': {
      bytes: 'version https://git-lfs.github.com/spec/v1\n',
      refused: 'ingest: it is a Git LFS',
    },
    'drawing.png': {
      bytes: '<svg xmlns="http://www.w3.org/2000/svg"/>',
      refused: 'ingest: it is an SVG file',
    },
    notes: { bytes: 'bought at the flea market', refused: 'ingest: its content is not a picture' },
  };
}

describe('bad pictures among good ones', () => {
  it('go to quarantine, each with its reason; the artifacts of the good ones are the same bytes', async () => {
    const good = await goodPictures();
    const bad = await badPictures();
    const alone = dataset(good);
    await runPipeline(alone);
    const files = Object.entries(bad).map(
      ([name, { bytes }], i) => [`class ${i % 3}/${name}`, bytes] as const,
    );
    for (const concurrency of [1, 8]) {
      const mixed = dataset({ ...Object.fromEntries(files), ...good });
      const summaries = await runPipeline(mixed, { concurrency });
      const found = quarantined(summaries);
      expect(Object.keys(found).sort()).toEqual(files.map(([path]) => `images/${path}`).sort());
      for (const [path] of files) {
        const { refused } = bad[path.slice(path.indexOf('/') + 1)] as { refused: string };
        expect(found[`images/${path}`]).toMatch(new RegExp(`^${refused}`));
      }
      // only these say that there were bad ones
      const told = new Set(['sources/manifest.jsonl', 'resized_images/manifest.jsonl']);
      const untold = (root: string) => new Map([...artifacts(root)].filter(([path]) => !told.has(path)));
      expectSameArtifacts(untold(mixed), untold(alone));
      for (const stage of ['ingest', 'resize'] as const) {
        const items = (await manifest(mixed, stage)).items;
        for (const [id, item] of (await manifest(alone, stage)).items) expect(items.get(id)).toEqual(item);
      }
    }
  });

  it('are picked up by the next run, alone, when they are mended', async () => {
    const whole = (await encodedPicture('rgb.png', 'mended')).bytes;
    const root = dataset({ ...(await goodPictures()), 'class 0/half.png': whole.subarray(0, 200) });
    expect(quarantined(await runPipeline(root))).toEqual({
      'images/class 0/half.png': expect.stringMatching(/^resize: it is cut off or damaged/) as string,
    });
    plant(root, { 'images/class 0/half.png': whole });
    const summaries = await runPipeline(root);
    expect(summaries.slice(0, 2).map(({ items }) => items.map(({ id }) => id))).toEqual([
      ['class 0/half.png'],
      ['class 0/half.png'],
    ]);
    expect(quarantined(summaries)).toEqual({});
    expect((await runPipeline(root)).map(({ done }) => done)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('a file larger than limits.maxFileBytes', () => {
  it('is refused by its size, without a byte of it being read, and looked at again when it is replaced', async () => {
    const root = dataset({ 'a/good.png': (await encodedPicture('rgb.png', 'good')).bytes, 'a/huge.png': '' });
    const huge = join(root, 'images/a/huge.png');
    truncateSync(huge, 2 ** 36); // 64 GiB that take no room on disk: reading them would take minutes
    const [found] = await runPipeline(root);
    expect(found?.quarantine).toEqual([
      expect.objectContaining({
        path: 'images/a/huge.png',
        reason: `it has ${2 ** 36} bytes, more than limits.maxFileBytes ${512 * 1024 * 1024}`,
      }),
    ]);
    expect((await runPipeline(root)).map(({ done }) => done)).toEqual([0, 0, 0, 0, 0, 0]);
    truncateSync(huge, 2 ** 35);
    expect((await runPipeline(root))[0]).toMatchObject({ done: 1, quarantined: 1 });
    writeFileSync(huge, (await encodedPicture('rgb.png', 'small')).bytes);
    expect((await runPipeline(root)).slice(0, 2)).toEqual([
      expect.objectContaining({ done: 1, quarantined: 0 }),
      expect.objectContaining({ done: 1, quarantined: 0 }),
    ]);
  }, 60_000);
});

describe('a picture that makes the decoder crash, hang or eat the memory', () => {
  it('ends in quarantine; the run goes on, the others are what they would be, and another limit tries those again', async () => {
    const names = ['one.png', 'crash.png', 'slow.png', 'hang.png', 'two.png', 'greedy.png'];
    const files = await Promise.all(
      names.map(async (name) => [`a/${name}`, (await encodedPicture('rgb.png', name)).bytes] as const),
    );
    const limits = { ...config.limits, timeoutMs: 10_000, maxMemoryBytes: 400e6 };
    const root = dataset(Object.fromEntries(files), { limits });
    const calm = dataset(Object.fromEntries(files));
    await runPipeline(calm);
    const pool = createDecoderPool({ program: hostileProgram(temporary()).program, processes: 2 });
    const options = { reporter: silentReporter };
    await runStage(ingest, await openDataset(root), options);
    const summary = await runStage(
      createResize(() => pool),
      await openDataset(root),
      options,
    );
    expect(quarantined([summary])).toEqual({
      'images/a/crash.png': 'resize: it made the decoder crash',
      'images/a/hang.png':
        'resize: it made the decoder hang: it was not decoded within limits.timeoutMs 10000',
      'images/a/greedy.png': 'resize: decoding it took more memory than limits.maxMemoryBytes 400000000',
    });
    for (const { remedy } of summary.quarantine) expect(remedy).toMatch(/remove it\.$/);
    for (const name of ['one.png', 'slow.png', 'two.png']) {
      const path = `resized_images/a/${name}.jpg`;
      expect(readFileSync(join(root, path))).toEqual(readFileSync(join(calm, path)));
    }
    pool.rest();
    // from here with the decoder that does decode them: each limit brings back what it had refused, and nothing else
    const again = async (changed: object) => {
      plant(root, { 'dataset.json': JSON.stringify({ ...config, limits: { ...limits, ...changed } }) });
      return (await runPipeline(root)).map(({ items }) => items);
    };
    const why = (id: string, reason: string) => [{ id, kind: 'parameter', reason }];
    const [read, made] = await again({ timeoutMs: 60_000 });
    expect(read).toEqual([]);
    expect(made).toEqual(why('a/hang.png', 'limits.timeoutMs changed from 10000 to 60000'));
    expect((await again({ timeoutMs: 60_000, maxMemoryBytes: 2e9 }))[1]).toEqual(
      why('a/greedy.png', 'limits.maxMemoryBytes changed from 400000000 to 2000000000'),
    );
    expect((await again({ timeoutMs: 1000, maxMemoryBytes: 3e9 })).flat()).toEqual([]);
    expect((await manifest(root, 'resize')).items.get('a/crash.png')?.quarantine?.code).toBe('INPUT_INVALID');
  }, 60_000);
});
