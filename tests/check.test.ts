import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomStream, STAGES, type StageName } from '@atelier/core';
import type { Section } from '@atelier/quality';
import sharp from 'sharp';
import { runPipeline } from './fixtures/run-pipeline.js';
import { artifacts, expectSameArtifacts, smallDataset, writePicture } from './fixtures/small-dataset.js';

const roots: string[] = [];
afterAll(() => roots.forEach((root) => rmSync(root, { recursive: true, force: true })));

/** A dataset with a usual size of its pictures, so that the thresholds mean what they mean elsewhere. */
async function dataset(classes: Readonly<Record<string, number>>, config: object = {}): Promise<string> {
  const root = await smallDataset(classes, { resize: { width: 100, height: 100 }, ...config });
  roots.push(root);
  return root;
}

interface Check {
  readonly pictures: number;
  readonly classes: number;
  readonly quarantined: number;
  readonly sections: readonly Section[];
  readonly stale: readonly string[];
  readonly notRun: readonly string[];
}

/** Runs the built `atelier`. */
function atelier(...args: string[]) {
  const program = fileURLToPath(new URL('../apps/atelier/bin/atelier.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text));
  }
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, ...said }));
  });
}
async function check(root: string): Promise<Check> {
  const { code, stdout, stderr } = await atelier('check', '--dataset', root, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Check;
}
const preprocess = async (root: string) => void (await runPipeline(root));
const found = ({ sections }: Check, kind: string) =>
  sections.find((section) => section.kind === kind)?.findings.map(({ text }) => text) ?? [];
const kinds = ({ sections }: Check) => sections.map(({ kind }) => kind);

/** Writes a picture whose pixels follow from their places. */
async function draw(
  path: string,
  { width = 120, height = 100 }: { width?: number; height?: number },
  valueAt: (x: number, y: number) => number,
) {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++)
    data.fill(valueAt(i % width, Math.floor(i / width)), i * 3, i * 3 + 3);
  mkdirSync(dirname(path), { recursive: true });
  await sharp(data, { raw: { width, height, channels: 3 } }).toFile(path);
}

describe('atelier check', () => {
  it('tells copies of a picture: the same bytes, re-encoded, halved; the mirrored one is another', async () => {
    const root = await dataset({ cat: 4, dog: 4 });
    const cat = join(root, 'images/cat');
    const orig = join(cat, 'orig.png');
    await writePicture(orig, 'orig');
    cpSync(orig, join(cat, 'exact_copy.png'));
    cpSync(orig, join(root, 'images/dog/same_as_cat.png'));
    await sharp(orig).png({ compressionLevel: 1 }).toFile(join(cat, 'reencoded.png'));
    await sharp(orig).jpeg({ quality: 90 }).toFile(join(cat, 'jpeg90.jpg'));
    await sharp(orig).resize(24, 20).toFile(join(cat, 'half.png'));
    await sharp(orig).flop().toFile(join(cat, 'flop.png'));
    await preprocess(root);
    const report = await check(root);
    expect(found(report, 'label-conflict')).toEqual([
      'cat/exact_copy.png (cat), cat/orig.png (cat), dog/same_as_cat.png (dog)',
    ]);
    expect(kinds(report)[0]).toBe('label-conflict');
    const near = report.sections.find(({ kind }) => kind === 'near-duplicate')?.findings[0]?.pictures;
    expect(near).toEqual([
      'cat/exact_copy.png',
      'cat/half.png',
      'cat/jpeg90.jpg',
      'cat/orig.png',
      'cat/reencoded.png',
      'dog/same_as_cat.png',
    ]);
    expect(report).toMatchObject({ pictures: 15, classes: 2, stale: [], notRun: [] });
  });

  it('tells leaks between given splits, and --strict fails on them alone', async () => {
    const root = await dataset(
      { 'train/a': 3, 'train/b': 3, 'test/a': 2, 'test/b': 2 },
      { layout: 'split/class' },
    );
    await preprocess(root);
    expect(await atelier('check', '--dataset', root, '--strict')).toMatchObject({ code: 0, stderr: '' });
    const source = join(root, 'images/train/a/train_a_0.png');
    renameSync(join(root, 'images/train/a/train/a_0.png'), source);
    cpSync(source, join(root, 'images/test/a/copy.png'));
    await sharp(join(root, 'images/train/b/train/b_0.png'))
      .jpeg()
      .toFile(join(root, 'images/test/b/again.jpg'));
    await preprocess(root);
    const report = await check(root);
    expect(found(report, 'duplicate-across-splits')).toEqual([
      'test/a/copy.png (test), train/a/train_a_0.png (train)',
    ]);
    expect(found(report, 'near-duplicate-across-splits')).toEqual([
      'test/b/again.jpg (test), train/b/train/b_0.png (train)',
    ]);
    const { code, stdout, stderr } = await atelier('check', '--dataset', root, '--strict');
    expect(code).toBe(1);
    expect(stdout).toContain('error: the same picture in several splits (1)\n');
    expect(stderr).toMatch(
      /^error: Cannot let the dataset pass .*: the same picture in several splits \(1\); nearly/,
    );
  });

  it('names classes that are one, and what to rename: NFC, NFD, misread once and twice, case', async () => {
    const root = await dataset({});
    const names = [
      'Albrecht_D\u00fcrer',
      'Albrecht_Du\u0308rer',
      'Albrecht_Du╠êrer',
      'Albrecht_DuΓòá├¬rer',
      'Edgar_Degas',
    ];
    for (const name of [...names, 'edgar_degas']) {
      await writePicture(join(root, 'images', name, `${name}_1.png`), name);
    }
    cpSync(
      join(root, 'images', names[0] as string, `${names[0]}_1.png`),
      join(root, 'images', names[3] as string, `${names[3]}_1.png`),
    );
    await preprocess(root);
    const report = await check(root);
    expect(report.classes).toBe(5); // folders of one name in NFC are one class
    const twins = report.sections.find(({ kind }) => kind === 'class-twins');
    expect(twins?.findings.map(({ rename }) => rename)).toEqual([
      { from: names[3], to: names[0] },
      { from: names[2], to: names[0] },
      { from: 'edgar_degas', to: 'Edgar_Degas' },
    ]);
    expect(found(report, 'class-name-forms')).toEqual([
      '"Albrecht_D\u00fcrer" is also written "Albrecht_Du\\u{308}rer"',
    ]);
    expect(found(report, 'label-conflict')).toHaveLength(1);
  });

  it('names odd pictures: blank, dark, flat, tiny, long, misnamed', async () => {
    const root = await dataset({ a: 12, b: 1, c: 1 });
    mkdirSync(join(root, 'images/void'));
    const odd = (name: string) => join(root, 'images/a', name);
    const random = randomStream(1, ['noise']);
    const noise = Array.from({ length: 100 }, () => random.below(256));
    const patch = (x: number, y: number) => noise[Math.floor(x / 12) + 10 * Math.floor(y / 10)] as number;
    await draw(odd('white.png'), {}, () => 255);
    await draw(odd('cream.png'), {}, () => 250);
    await draw(odd('dark.png'), {}, (x, y) => (patch(x, y) > 245 ? 120 : 2));
    await draw(odd('flat.png'), {}, (x, y) => 120 + patch(x, y) / 8);
    await draw(odd('tiny.png'), { width: 12, height: 12 }, (x, y) => patch(x * 8, y * 8));
    await draw(odd('long.png'), { width: 400, height: 50 }, (x, y) => patch(x / 4, y * 2));
    await draw(odd('really_png.jpg.png'), {}, (x, y) => patch(119 - x, y));
    renameSync(odd('really_png.jpg.png'), odd('really_png.jpg'));
    await preprocess(root);
    const report = await check(root);
    const names = (kind: string) => found(report, kind).map((text) => text.slice(2).replace(/:.*/, ''));
    expect(new Set(names('blank'))).toEqual(new Set(['white.png', 'cream.png']));
    expect(names('dark')).toEqual(['dark.png']);
    expect(names('low-contrast')).toEqual(['flat.png', 'dark.png']);
    expect(names('tiny')).toEqual(['tiny.png']);
    expect(names('aspect-ratio')).toEqual(['long.png']);
    expect(found(report, 'extension')).toEqual(['a/really_png.jpg: it is PNG']);
    expect(found(report, 'empty-class')).toEqual(['"void" has no picture that can be used']);
    expect(found(report, 'class-imbalance')).toHaveLength(2);
    expect(names('near-duplicate')).toEqual([]);
  });

  it('changes nothing, says the same each time, and warns of stages that are not up to date', async () => {
    const root = await dataset({ a: 3, b: 3 });
    await preprocess(root);
    const before = artifacts(root);
    const first = await check(root);
    await writePicture(join(root, 'images/a/new.png'), 'new');
    const { stdout, stderr, code } = await atelier('check', '--dataset', root, '--json');
    expect(code).toBe(0);
    expect(stderr).toBe(
      'warning: not up to date: ingest, resize, labels, split; this is what the last runs found (npx atelier preprocess)\n',
    );
    const { stale, ...second } = JSON.parse(stdout) as Check;
    expect({ ...second, stale: [] }).toEqual(first);
    expect(stale).toEqual(['ingest', 'resize', 'labels', 'split']);
    expectSameArtifacts(artifacts(root), before);
  });

  it('needs ingest alone, and says what it cannot tell without the others', async () => {
    const root = await dataset({ a: 2, b: 2 });
    const none = await atelier('check', '--dataset', root);
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toMatch(/the stage ingest has not been run\. Run "npx atelier preprocess" first/);
    cpSync(join(root, 'images/a/a_0.png'), join(root, 'images/b/copy.png'));
    await preprocess(root);
    for (const stage of ['resize', 'labels', 'split'] as StageName[]) {
      rmSync(join(root, STAGES[stage]), { recursive: true });
    }
    const { stdout } = await atelier('check', '--dataset', root);
    expect(stdout).toMatch(/^not run yet: resize, labels, split;/m);
    expect(stdout).toMatch(/^error: the same picture under several labels \(1\)$/m);
    expect(stdout).not.toContain('blank');
  });

  it('takes a sensible --limit', async () => {
    const root = await dataset({});
    expect(await atelier('check', '--dataset', root, '--limit', 'few')).toMatchObject({ code: 2 });
  });
});

describe('a picture in quarantine', () => {
  it('is listed with stage, reason and remedy; mended, it alone is taken in by the next run', async () => {
    const root = await dataset({ a: 3, b: 3 }, { augment: { imagesPerSource: 2 } });
    const path = join(root, 'images/a/a_1.png');
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, whole.length - 40));
    writeFileSync(join(root, 'images/b/page.jpg'), '<!doctype html>');
    await preprocess(root);
    const { stdout } = await atelier('status', '--quarantine', '--dataset', root);
    const rows = stdout
      .split('\n')
      .slice(3, -2)
      .map((line) => line.split('│').map((cell) => cell.trim()));
    expect(rows.map((row) => row.slice(1, 3))).toEqual([
      ['images/b/page.jpg', 'ingest'],
      ['images/a/a_1.png', 'resize'],
    ]);
    for (const [, , , reason, remedy] of rows) {
      expect(reason).not.toBe('');
      expect(remedy).toMatch(/[Rr]e(place|move)/);
    }
    expect((await check(root)).quarantined).toBe(2);
    writeFileSync(path, whole);
    const summaries = await runPipeline(root);
    const made = Object.fromEntries(summaries.map(({ stage, items }) => [stage, items.map(({ id }) => id)]));
    expect(made['ingest']).toEqual(['a/a_1.png']);
    expect(made['resize']).toEqual(['a/a_1.png']);
    expect(made['labels']?.sort()).toEqual(['/files', 'a/a_1.png']);
    expect(made['augment']?.every((id) => id.startsWith('a/a_1.png#'))).toBe(true);
    const fresh = await dataset({}, { augment: { imagesPerSource: 2 } });
    cpSync(join(root, 'images'), join(fresh, 'images'), { recursive: true });
    mkdirSync(join(fresh, 'splits'));
    cpSync(join(root, 'splits/assignments.csv'), join(fresh, 'splits/assignments.csv'));
    await preprocess(fresh);
    expectSameArtifacts(artifacts(root), artifacts(fresh));
  });
});
