import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readManifest, type Manifest } from '@atelier/artifacts';
import { augment } from '@atelier/augment';
import { STAGES, type StageName } from '@atelier/core';
import { openDataset, runStage, silentReporter, traceSource, verifyDataset } from '@atelier/stage';
import { runPipeline } from './fixtures/run-pipeline.js';
import { artifacts, expectSameArtifacts, smallDataset, writePicture } from './fixtures/small-dataset.js';

const stages = Object.keys(STAGES) as StageName[];

let outside: string;
let root: string;
beforeEach(async () => {
  outside = mkdtempSync(join(tmpdir(), 'atelier-outside-'));
  writeFileSync(join(outside, 'letter.txt'), 'private');
  await writePicture(join(outside, 'cat_0.png'), 'outside');
  mkdirSync(join(outside, 'folder'));
  await writePicture(join(outside, 'folder/deep.png'), 'deep');
  root = await smallDataset({ cat: 3, dog: 3 });
});
afterEach(() => [root, outside].forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** Every entry with its content: nothing may be added, changed or taken away. */
const snapshot = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, readFileSync(path, 'latin1')]),
  );
const sources = async () => [
  ...((await readManifest(join(root, 'sources/manifest.jsonl'))) as Manifest).items.keys(),
];

describe('symbolic links among the pictures', () => {
  it.each<[string, (images: string) => void]>([
    ['to a file outside', (images) => symlinkSync(join(outside, 'cat_0.png'), join(images, 'cat/link.png'))],
    ['to a picture of the dataset', (images) => symlinkSync('cat_0.png', join(images, 'cat/link.png'))],
    ['to a folder outside', (images) => symlinkSync(outside, join(images, 'cat/link'))],
    ['to another class', (images) => symlinkSync('dog', join(images, 'link'))],
    ['to the folder it lies in: a loop', (images) => symlinkSync('.', join(images, 'cat/link'))],
    ['to the folder above: a loop', (images) => symlinkSync('..', join(images, 'cat/link'))],
    ['to itself', (images) => symlinkSync('link.png', join(images, 'cat/link.png'))],
    ['to nothing', (images) => symlinkSync('nowhere.png', join(images, 'cat/link.png'))],
    ['to a device', (images) => symlinkSync('/dev/zero', join(images, 'cat/link.png'))],
  ])('%s are left out and named', async (_, link) => {
    const before = await sourcesWithout();
    link(join(root, 'images'));
    const untouched = snapshot(outside);
    const [ingest] = await runPipeline(root);
    expect(await sources()).toEqual(before);
    expect(ingest?.warnings).toEqual([
      expect.stringMatching(
        /^images\/(cat\/)?link(\.png)? is left out: a symbolic link: put the file itself there$/,
      ),
    ]);
    expect(snapshot(outside)).toEqual(untouched);
  });

  async function sourcesWithout(): Promise<string[]> {
    await runPipeline(root);
    return sources();
  }

  it('the folder of pictures itself may be a link: a person named it', async () => {
    await runPipeline(root);
    const expected = artifacts(root);
    renameSync(join(root, 'images'), join(outside, 'images'));
    symlinkSync(join(outside, 'images'), join(root, 'images'));
    for (const stage of stages) rmSync(join(root, STAGES[stage]), { recursive: true, force: true });
    await runPipeline(root);
    expectSameArtifacts(artifacts(root), expected);
  });
});

describe('symbolic links where results go', () => {
  const refused = {
    code: 'WRITE_FAILED',
    problem: 'it is a symbolic link that leads out of the dataset',
  };

  it.each([
    'sources',
    'resized_images',
    'resized_images/cat',
    'labels',
    'splits',
    'generated_images',
    'generated_images/dog',
    'normalized',
    'resized_images/.staging',
    'resized_images/manifest.jsonl',
    'resized_images/.history.jsonl',
    'resized_images/run.json',
    'resized_images/.lock',
  ])('%s is written through by no stage', async (path) => {
    const isFile = /\.\w+$/.test(path) && !path.endsWith('.staging');
    mkdirSync(join(root, path, '..'), { recursive: true });
    symlinkSync(isFile ? join(outside, 'letter.txt') : outside, join(root, path));
    const untouched = snapshot(outside);
    await expect(runPipeline(root)).rejects.toMatchObject({ ...refused, path: join(root, path) });
    expect(snapshot(outside)).toEqual(untouched);
  });

  it.each(['resized_images', 'resized_images/cat'])('%s is read through by none either', async (path) => {
    await runPipeline(root);
    renameSync(join(root, path), join(outside, 'moved'));
    symlinkSync(join(outside, 'moved'), join(root, path));
    rmSync(join(root, 'generated_images'), { recursive: true });
    const unread = { ...refused, code: 'READ_FAILED', path: join(root, path) };
    const dataset = await openDataset(root);
    await expect(verifyDataset(dataset)).rejects.toMatchObject(unread);
    await expect(runStage(augment, dataset, { reporter: silentReporter })).rejects.toMatchObject(unread);
    if (path === 'resized_images') {
      await expect(traceSource(dataset, 'cat/cat_0.png', root)).rejects.toMatchObject(unread);
    }
  });

  it('a split lock elsewhere is not read', async () => {
    await runPipeline(root);
    const lock = join(root, 'splits/assignments.csv');
    rmSync(lock);
    symlinkSync(join(outside, 'letter.txt'), lock);
    await writePicture(join(root, 'images/cat/new.png'), 'new');
    await expect(runPipeline(root)).rejects.toMatchObject({ ...refused, code: 'READ_FAILED', path: lock });
  });

  it('a link to nothing makes no file there', async () => {
    mkdirSync(join(root, 'sources'));
    symlinkSync(join(outside, 'new.jsonl'), join(root, 'sources/.history.jsonl'));
    await expect(runPipeline(root)).rejects.toMatchObject(refused);
    expect(existsSync(join(outside, 'new.jsonl'))).toBe(false);
  });

  it('a link that is put there between two runs does no harm either', async () => {
    await runPipeline(root);
    renameSync(join(root, 'resized_images/cat'), join(outside, 'moved'));
    symlinkSync(join(outside, 'moved'), join(root, 'resized_images/cat'));
    rmSync(join(root, 'images/cat/cat_1.png'));
    await writePicture(join(root, 'images/cat/cat_2.png'), 'another');
    const untouched = snapshot(outside);
    await expect(runPipeline(root)).rejects.toMatchObject(refused);
    expect(snapshot(outside)).toEqual(untouched);
  });

  it('links of an interrupted run’s staging are not obeyed', async () => {
    mkdirSync(join(root, 'resized_images/.staging/files/resized_images'), { recursive: true });
    symlinkSync(outside, join(root, 'resized_images/.staging/files/resized_images/cat'));
    const untouched = snapshot(outside);
    await expect(runPipeline(root)).rejects.toMatchObject(refused);
    expect(snapshot(outside)).toEqual(untouched);
  });

  it('a result that has become a link is made again as a file', async () => {
    await runPipeline(root);
    const expected = artifacts(root);
    const path = join(root, 'resized_images/cat/cat_0.png.jpg');
    rmSync(path);
    symlinkSync(join(outside, 'cat_0.png'), path);
    const untouched = snapshot(outside);
    await runPipeline(root);
    expect(snapshot(outside)).toEqual(untouched);
    expectSameArtifacts(artifacts(root), expected);
    renameSync(path, join(outside, 'same bytes.jpg'));
    symlinkSync(join(outside, 'same bytes.jpg'), path);
    await runPipeline(root);
    expect(lstatSync(path).isFile()).toBe(true);
    expectSameArtifacts(artifacts(root), expected);
  });

  it('a manifest that names files outside is not believed', async () => {
    await runPipeline(root);
    const manifest = join(root, 'resized_images/manifest.jsonl');
    const forged = readFileSync(manifest, 'utf8').replaceAll(
      'resized_images/cat/cat_0.png.jpg',
      `../${outside.split('/').at(-1) as string}/letter.txt`,
    );
    writeFileSync(manifest, forged);
    const untouched = snapshot(outside);
    await runPipeline(root);
    expect(snapshot(outside)).toEqual(untouched);
  });
});
