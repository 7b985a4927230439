import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openTensorShard, readCsv, readManifest, type Manifest } from '@atelier/artifacts';
import { STAGES, type StageName } from '@atelier/core';
import type { RunSummary } from '@atelier/stage';
import { runPipeline } from './fixtures/run-pipeline.js';
import {
  artifacts,
  expectSameArtifacts,
  smallConfig,
  smallDataset,
  writePicture,
} from './fixtures/small-dataset.js';

const stages = Object.keys(STAGES) as StageName[];
const roots: string[] = [];
afterAll(() => roots.forEach((root) => rmSync(root, { recursive: true, force: true })));

async function dataset(
  classes: Readonly<Record<string, number>>,
  config: object = smallConfig,
): Promise<string> {
  const root = await smallDataset(classes, config);
  roots.push(root);
  return root;
}
const configure = (root: string, config: object) =>
  writeFileSync(join(root, 'dataset.json'), JSON.stringify({ ...smallConfig, ...config }));

/** What each stage made, kept and removed: "2 of 12", and "-1" for each item removed. */
const did = (summaries: readonly RunSummary[]) =>
  Object.fromEntries(
    summaries.map(({ stage, done, kept, removed }) => [
      stage,
      `${done} of ${done + kept}${removed > 0 ? ` -${removed}` : ''}`,
    ]),
  );
const reasons = (summaries: readonly RunSummary[], stage: StageName) =>
  [
    ...new Set(summaries.find((summary) => summary.stage === stage)?.items.map(({ reason }) => reason)),
  ].sort();
const made = (summaries: readonly RunSummary[], stage: StageName) =>
  summaries.find((summary) => summary.stage === stage)?.items.map(({ id }) => id) ?? [];
const manifest = async (root: string, stage: StageName) =>
  (await readManifest(join(root, STAGES[stage], 'manifest.jsonl'))) as Manifest;
const table = async (root: string, name: string) => (await readCsv(join(root, name))).rows;
async function splitsOf(root: string): Promise<Record<string, string>> {
  const rows = await table(root, 'splits/splits.csv');
  return Object.fromEntries(rows.map((row) => [row['path'] as string, row['split'] as string]));
}
const inSplit = async (root: string, split: string) =>
  Object.entries(await splitsOf(root)).flatMap(([path, where]) => (where === split ? [path] : []));

/** When each artifact was written. */
const times = (root: string) =>
  new Map([...artifacts(root).keys()].map((path) => [path, statSync(join(root, path)).mtimeMs]));

/** Every entry below images/ with its size and time. */
function sourcesOf(root: string): string[] {
  const paths = readdirSync(join(root, 'images'), { recursive: true }) as string[];
  return paths.sort().map((path) => {
    const { size, mtimeMs } = statSync(join(root, 'images', path));
    return `${path} ${size} ${mtimeMs}`;
  });
}

describe('names and files as people have them', () => {
  const awkward = {
    'Albrecht D\u00fcrer': 4, // NFC
    'Albrecht Du\u0308rer': 3, // NFD: the same class
    'Édouard Manet': 10,
    [`it's "quoted" & $HOME; *`]: 3,
    '🎨 painters': 3,
    ' spaces  in ': 3,
    '-rf': 3,
    '[a]': 3,
    Cat: 2,
    cat: 2,
    con: 2,
  };
  let root: string;
  let summaries: readonly RunSummary[];
  let sources: string[];
  beforeAll(async () => {
    root = await dataset(awkward);
    const images = join(root, 'images');
    mkdirSync(join(images, 'empty class'));
    writeFileSync(join(images, '.DS_Store'), 'junk');
    writeFileSync(join(images, 'Édouard Manet/.DS_Store'), 'junk');
    writeFileSync(join(images, 'Édouard Manet/Thumbs.db'), 'junk');
    writeFileSync(join(images, 'Édouard Manet/._Édouard Manet_0.png'), 'junk');
    writeFileSync(join(images, 'notes.txt'), 'outside of every class');
    writeFileSync(join(images, 'Édouard Manet/page.JPG'), '<!doctype html><title>404</title>');
    const whole = readFileSync(join(images, 'Édouard Manet/Édouard Manet_0.png'));
    writeFileSync(join(images, 'Édouard Manet/half.PNG'), whole.subarray(0, whole.length - 30));
    mkdirSync(join(images, 'wholly broken'));
    writeFileSync(join(images, 'wholly broken/zeros.jpg'), new Uint8Array(100));
    await writePicture(join(images, '🎨 painters/UPPER.JPEG'), 'upper');
    await writePicture(join(images, '🎨 painters/no extension'), 'none');
    await writePicture(join(images, `🎨 painters/new\nline, "quotes".png`), 'line');
    await writePicture(join(images, `🎨 painters/deep/er/${'x'.repeat(251)}.png`), 'long');
    sources = sourcesOf(root);
    summaries = await runPipeline(root);
  });

  it('all get through, each to its class', async () => {
    const usable = Object.values(awkward).reduce((sum, count) => sum + count, 0) + 4;
    const labels = await table(root, 'labels/labels.csv');
    expect(labels).toHaveLength(usable);
    const classes = JSON.parse(readFileSync(join(root, 'labels/classes.json'), 'utf8')) as {
      classes: { name: string; index: number; pictures: number }[];
    };
    expect(classes.classes.map(({ name, pictures }) => [name, pictures])).toEqual([
      [' spaces  in ', 3],
      ['-rf', 3],
      ['Albrecht D\u00fcrer', 7],
      ['Cat', 2],
      ['[a]', 3],
      ['cat', 2],
      ['con', 2],
      ['empty class', 0],
      [`it's "quoted" & $HOME; *`, 3],
      ['wholly broken', 0],
      ['Édouard Manet', 10],
      ['🎨 painters', 7],
    ]);
    expect(new Set(labels.map(({ path }) => path)).size).toBe(usable);
  });

  it('what cannot be used is in quarantine, with reason and remedy, and goes no further', async () => {
    const quarantine = summaries.flatMap((summary) => summary.quarantine);
    expect(quarantine.map(({ path }) => path).sort()).toEqual([
      'images/wholly broken/zeros.jpg',
      'images/Édouard Manet/half.PNG',
      'images/Édouard Manet/page.JPG',
    ]);
    for (const { reason, remedy } of quarantine) expect([reason.length, remedy.length]).not.toContain(0);
    const labelled = (await table(root, 'labels/labels.csv')).map(({ path }) => path);
    for (const { path } of quarantine) expect(labelled).not.toContain(path.slice('images/'.length));
  });

  it('what a person should know is said, and only that', () => {
    const warnings = summaries.flatMap((summary) =>
      summary.warnings.map((text) => `${summary.stage}: ${text}`),
    );
    expect(warnings.filter((text) => !/no picture in/.test(text))).toEqual([
      'ingest: images/notes.txt is left out: not in a class folder',
      ...[0, 1, 2].map(
        (i) =>
          `ingest: the names "Albrecht Du\\u{308}rer/Albrecht Du\\u{308}rer_${i}.png" and ` +
          `"Albrecht D\u00fcrer/Albrecht D\u00fcrer_${i}.png" differ only in case or Unicode form; ` +
          'on macOS and Windows they are one file',
      ),
      'ingest: 2 more names differ only in case or Unicode form',
      'labels: the class "empty class" is empty (it has no pictures); it keeps its index 7',
      'labels: the class "wholly broken" is empty (none of its pictures can be used); it keeps its index 9',
      'labels: "Albrecht D\u00fcrer" is written in 2 different Unicode normal forms; they are one class',
      'labels: the classes "Cat" and "cat" differ only in case',
      'split: 3 more classes lack a split; npx atelier check lists them',
    ]);
  });

  it('every artifact has a name that Linux, macOS and Windows take, and that no other has', () => {
    const paths = [...artifacts(root).keys()];
    expect(new Set(paths.map((path) => path.normalize('NFC').toLowerCase())).size).toBe(paths.length);
    for (const part of paths.flatMap((path) => path.split('/'))) {
      expect(Buffer.byteLength(part)).toBeLessThanOrEqual(255);
      expect(part).not.toMatch(/[\u0000-\u001f<>:"\\|?*]|[. ]$|^con(\.|$)/u);
    }
  });

  it('the shards hold every sample once, with its label, on the side of its source', async () => {
    const splits = await splitsOf(root);
    const labels = new Map(
      (await table(root, 'labels/labels.csv')).map((row) => [row['path'], row['class_index']]),
    );
    const found = new Set<string>();
    for (const split of ['train', 'validation', 'test']) {
      const shard = await openTensorShard(join(root, `normalized/${split}-00000-of-00001.arrow`));
      const sources = shard.column('source_id', 'utf8');
      const indices = shard.column('class_index', 'int32');
      const variants = shard.column('variant', 'int32');
      shard.column('sample_id', 'utf8').forEach((sample, row) => {
        const source = sources[row] as string;
        found.add(sample);
        expect(splits[source]).toBe(split);
        expect(String(indices[row])).toBe(labels.get(source));
        expect(sample).toBe(`${source}#${variants[row]}`);
        if (split !== 'train') expect(variants[row]).toBe(0);
      });
      expect(shard.shape).toEqual([20, 24, 3]);
      shard.close();
    }
    const train = Object.values(splits).filter((split) => split === 'train').length;
    expect(found.size).toBe(3 * train + (Object.keys(splits).length - train));
  });

  it('sources are never written to', () => {
    expect(sourcesOf(root)).toEqual(sources);
  });
});

describe('what reruns', () => {
  let root: string;
  beforeEach(async () => {
    root = await dataset({ a: 10, b: 10 });
    await runPipeline(root);
  });

  it('nothing, the second time: no file is written again', async () => {
    const before = times(root);
    const summaries = await runPipeline(root);
    expect(did(summaries)).toEqual({
      ingest: '0 of 20',
      resize: '0 of 20',
      labels: '0 of 21',
      split: '0 of 21',
      augment: '0 of 52',
      normalize: '0 of 3',
    });
    expect(times(root)).toEqual(before);
  });

  it('nothing for a picture that was only touched', async () => {
    utimesSync(join(root, 'images/a/a_0.png'), 1_600_000_000, 1_600_000_000);
    expect((await runPipeline(root)).map(({ done, removed }) => done + removed)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('of a picture with other bytes: one resize, its children and its shard, and it is said why', async () => {
    const [id] = (await inSplit(root, 'train')) as [string];
    const before = times(root);
    await writePicture(join(root, 'images', id), 'another picture');
    const summaries = await runPipeline(root);
    expect(did(summaries)).toEqual({
      ingest: '1 of 20',
      resize: '1 of 20',
      labels: '0 of 21',
      split: '2 of 21', // its row, and the files with its digest
      augment: '3 of 52',
      normalize: '1 of 3',
    });
    expect(made(summaries, 'resize')).toEqual([id]);
    expect(reasons(summaries, 'resize')).toEqual([`input changed: images/${id}`]);
    expect(made(summaries, 'augment')).toEqual([`${id}#0`, `${id}#1`, `${id}#2`]);
    expect(reasons(summaries, 'augment')).toEqual([`input changed: resized_images/${id}.jpg`]);
    expect(made(summaries, 'normalize')).toEqual(['train-00000-of-00001']);
    expect(reasons(summaries, 'normalize')[0]).toMatch(
      /^input changed: generated_images\/.*_0\.jpg and 2 more$/,
    );
    const written = [...times(root)]
      .filter(([path, time]) => before.get(path) !== time)
      .map(([path]) => path);
    expect(written.filter((path) => path.endsWith('.jpg')).sort()).toEqual(
      [
        `generated_images/${id}_0.jpg`,
        `generated_images/${id}_1.jpg`,
        `generated_images/${id}_2.jpg`,
        `resized_images/${id}.jpg`,
      ].sort(),
    );
    expect(await inSplit(root, 'train')).toContain(id);
  });

  it('of augment.rotation.maxDegrees: augment and normalize only', async () => {
    configure(root, { augment: { ...smallConfig.augment, rotation: { maxDegrees: 10 } } });
    const summaries = await runPipeline(root);
    expect(did(summaries)).toEqual({
      ingest: '0 of 20',
      resize: '0 of 20',
      labels: '0 of 21',
      split: '0 of 21',
      augment: '32 of 52', // the two variants of 16 train pictures
      normalize: '1 of 3',
    });
    expect(reasons(summaries, 'augment')).toEqual(['augment.rotation.maxDegrees changed from 25 to 10']);
  });

  it('of an added picture: itself; no other picture moves to another split', async () => {
    const before = await splitsOf(root);
    await writePicture(join(root, 'images/a/0 first of all.png'), 'added');
    await writePicture(join(root, 'images/c/new class.png'), 'added too');
    const summaries = await runPipeline(root);
    expect(did(summaries)).toMatchObject({ ingest: '2 of 22', resize: '2 of 22' });
    expect(made(summaries, 'resize')).toEqual(['a/0 first of all.png', 'c/new class.png']);
    expect(await splitsOf(root)).toMatchObject(before);
    expect(Object.keys(await splitsOf(root))).toHaveLength(22);
    const others = made(summaries, 'augment').filter((id) => !/^(a\/0 first|c\/new)/.test(id));
    expect(others).toEqual([]);
  });

  it('of a removed picture: its artifacts go, and nobody else moves', async () => {
    const before = await splitsOf(root);
    const [id] = (await inSplit(root, 'train')) as [string];
    rmSync(join(root, 'images', id));
    const summaries = await runPipeline(root);
    expect(did(summaries)).toMatchObject({
      ingest: '0 of 19 -1',
      resize: '0 of 19 -1',
      augment: '0 of 49 -3',
    });
    expect([...artifacts(root).keys()].filter((path) => path.includes(id))).toEqual([]);
    const { [id]: _gone, ...rest } = before;
    expect(await splitsOf(root)).toEqual(rest);
    expect(existsSync(join(root, `resized_images/${id}.jpg`))).toBe(false);
  });

  it('of one deleted file of any stage: just that file, byte for byte', async () => {
    const before = artifacts(root);
    const chosen = [
      'resized_images/a/',
      'generated_images/b/',
      'labels/one_hot.npy',
      'splits/splits.csv',
      'normalized/test',
    ];
    for (const start of chosen) {
      const path = [...before.keys()].find((name) => name.startsWith(start)) as string;
      const written = times(root);
      rmSync(join(root, path));
      const summaries = await runPipeline(root);
      expect(summaries.map(({ done }) => done).sort()).toEqual([0, 0, 0, 0, 0, 1]);
      expectSameArtifacts(artifacts(root), before);
      const again = [...times(root)]
        .filter(([name, time]) => written.get(name) !== time)
        .map(([name]) => name);
      const siblings = new RegExp(`^${dirname(path).split('/')[0]}/`); // labels and splits write their files together
      expect(again).toContain(path);
      expect(again.filter((name) => !siblings.test(name))).toEqual([]);
      expect(
        again.filter((name) => /\.(jpg|arrow)$/.test(name) && /^(resized|gener|norm)/.test(name)),
      ).toEqual(/^(resized|gener|norm)/.test(path) ? [path] : []);
    }
  });

  it('of a stage whose folder is gone: that stage, byte for byte', async () => {
    const before = artifacts(root);
    for (const stage of stages) {
      rmSync(join(root, STAGES[stage]), { recursive: true });
      const summaries = await runPipeline(root);
      expect(summaries.filter(({ done }) => done > 0).map((summary) => summary.stage)).toEqual([stage]);
      expectSameArtifacts(artifacts(root), before);
    }
  });

  it('nothing where the folder moves or images/ is renamed along with its setting', async () => {
    const moved = `${root} moved`;
    roots.push(moved);
    renameSync(root, moved);
    renameSync(join(moved, 'images'), join(moved, 'pictures'));
    configure(moved, { images: 'pictures' });
    const before = artifacts(moved);
    expect((await runPipeline(moved)).map(({ done, removed }) => done + removed)).toEqual([0, 0, 0, 0, 0, 0]);
    expectSameArtifacts(artifacts(moved), before);
  });
});

describe('settings that reach through the whole line', () => {
  it('subset.perClass 1 takes one picture of each class, all the way', async () => {
    const root = await dataset({ a: 5, b: 5, c: 1 }, { ...smallConfig, subset: { perClass: 1 } });
    const summaries = await runPipeline(root);
    expect(did(summaries)).toMatchObject({
      ingest: '11 of 11',
      resize: '3 of 3',
      augment: '9 of 9',
      normalize: '1 of 1',
    });
    expect(await inSplit(root, 'train')).toHaveLength(3);
    const shard = await openTensorShard(join(root, 'normalized/train-00000-of-00001.arrow'));
    expect([...shard.column('class_index', 'int32')]).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
    shard.close();
  });

  it('near-duplicates and the same bytes under two labels stay on one side, and are told', async () => {
    const root = await dataset({ cat: 10, dog: 10 });
    const { default: sharp } = await import('sharp');
    const [testPicture] = ['cat/cat_3.png'];
    const source = readFileSync(join(root, 'images', testPicture as string));
    writeFileSync(join(root, 'images/cat/copy.png'), source);
    writeFileSync(join(root, 'images/dog/same.png'), source);
    writeFileSync(join(root, 'images/cat/again.jpg'), await sharp(source).jpeg({ quality: 90 }).toBuffer());
    writeFileSync(join(root, 'images/cat/half.png'), await sharp(source).resize(24, 20).png().toBuffer());
    for (const [name, white] of [
      ['cat/white.png', 255],
      ['dog/cream.png', 250],
    ] as const) {
      const blank = {
        create: { width: 40, height: 30, channels: 3, background: { r: white, g: white, b: white } },
      };
      writeFileSync(
        join(root, 'images', name),
        await sharp(blank as never)
          .png()
          .toBuffer(),
      );
    }
    const summaries = await runPipeline(root);
    const splits = await splitsOf(root);
    const family = ['cat/again.jpg', 'cat/cat_3.png', 'cat/copy.png', 'cat/half.png', 'dog/same.png'];
    expect(new Set(family.map((id) => splits[id])).size).toBe(1);
    expect((await manifest(root, 'split')).header['nearDuplicates']).toEqual([family]);
    const warnings = summaries.flatMap((summary) => summary.warnings);
    expect(warnings).toContain('the same picture has 2 labels: cat/cat_3.png, cat/copy.png, dog/same.png');
  });

  it('a changed seed makes other variants and moves nobody', async () => {
    const root = await dataset({ a: 10 });
    await runPipeline(root);
    const before = await splitsOf(root);
    configure(root, { seed: 2 });
    const summaries = await runPipeline(root);
    expect(did(summaries)).toMatchObject({
      resize: '0 of 10',
      split: '0 of 11',
      augment: '16 of 26',
      normalize: '1 of 3',
    });
    expect(await splitsOf(root)).toEqual(before);
  });
});

describe('two fresh runs', () => {
  const program = (stage: StageName) =>
    fileURLToPath(new URL(`../packages/${stage}/dist/main.js`, import.meta.url));

  function worker(
    stage: StageName,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
  ): Promise<{ code: number | null; stderr: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [program(stage), ...args], {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('error', reject).on('close', (code) => resolve({ code, stderr }));
    });
  }
  const fresh = async (root: string, concurrency: number, env: NodeJS.ProcessEnv) => {
    for (const stage of stages) {
      const { code, stderr } = await worker(
        stage,
        ['--dataset', root, '--concurrency', String(concurrency)],
        env,
      );
      expect({ stage, code, stderr: code === 0 ? '' : stderr }).toEqual({ stage, code: 0, stderr: '' });
    }
    return artifacts(root);
  };

  it('at concurrency 1 and 8, in folders of different names, in another locale and time zone, give the same bytes', async () => {
    const classes = { Ängström: 6, zebra: 5, Émile: 4, ünder: 3, '🎨': 3, Zorro: 2 };
    const config = {
      ...smallConfig,
      labels: { encodings: ['one_hot', 'integer', 'binary'] },
      normalize: { npy: true, npz: true, standardize: true },
    };
    const one = await dataset(classes, config);
    writeFileSync(join(one, 'images/zebra/broken.png'), 'no picture');
    // the same files, made in the reverse order, at another time
    const two = join(mkdtempSync(join(tmpdir(), 'annan mapp-')), 'målningar é');
    roots.push(dirname(two));
    const files = readdirSync(join(one, 'images'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(one.length + 1));
    for (const path of files.sort().reverse()) {
      mkdirSync(dirname(join(two, path)), { recursive: true });
      cpSync(join(one, path), join(two, path));
      utimesSync(join(two, path), 1_500_000_000, 1_500_000_000);
    }
    cpSync(join(one, 'dataset.json'), join(two, 'dataset.json'));
    const [first, second] = await Promise.all([
      fresh(one, 1, { LANG: 'C', LC_ALL: 'C', TZ: 'UTC' }),
      fresh(two, 8, { LANG: 'sv_SE.UTF-8', LC_ALL: 'sv_SE.UTF-8', TZ: 'Asia/Tokyo' }),
    ]);
    expect(first.size).toBeGreaterThan(100);
    expectSameArtifacts(second, first);
    const texts = [...first].filter(([path]) => path.endsWith('.jsonl'));
    expect(texts).toHaveLength(6);
    for (const [, text] of texts) {
      expect(text).not.toContain(tmpdir());
      expect(text).not.toMatch(/20\d\d-\d\d-\d\dT/);
    }
  });

  it('of one stage without the one before it fail, and say what to run', async () => {
    const root = await dataset({ a: 2 });
    const { code, stderr } = await worker('labels', ['--dataset', root], {});
    expect(code).toBe(1);
    expect(stderr).toMatch(/it has not been run\. Run "npx atelier preprocess/);
    expect((await worker('ingest', ['--dataset', join(root, 'nowhere')], {})).code).toBe(2);
    expect((await worker('ingest', ['--datset', root], {})).code).toBe(2);
  });
});
