import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readManifest, writeManifest, type Manifest, type ManifestItem } from '@atelier/artifacts';
import type { Split } from '@atelier/core';
import { runPython } from '@atelier/readers';
import { openDataset, runStage, silentReporter } from '@atelier/stage';
import type { SplitSource } from './assign-splits.js';
import { split } from './split.js';
import { classOf, source } from './testing/sources.js';

let root: string;
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'atelier-split-'))));
afterEach(() => rm(root, { recursive: true }));

/** What ingest and resize leave. */
async function resized(sources: readonly SplitSource[], unusable: readonly string[] = []) {
  const items = sources.map(({ id, className, sha256, dhash, detail }): [string, ManifestItem] => [
    id,
    {
      id,
      key: id,
      inputs: { [`images/${id}`]: sha256 },
      outputs: [],
      params: { className },
      ...(unusable.includes(id)
        ? { quarantine: { path: id, code: 'INPUT_INVALID', reason: 'it is bad', remedy: 'remove it' } }
        : { data: { dhash, detail } }),
    },
  ]);
  await writeManifest(join(root, 'resized_images/manifest.jsonl'), {
    header: { stage: 'resize', version: 1, config: {} },
    items: new Map(items),
  });
  const ingested = sources.map(({ id, className, given }): [string, ManifestItem] => [
    id,
    { id, key: id, outputs: [], params: { className, ...(given !== undefined && { split: given }) } },
  ]);
  await writeManifest(join(root, 'sources/manifest.jsonl'), {
    header: { stage: 'ingest', version: 1, config: {} },
    items: new Map(ingested),
  });
}

async function run(config: Record<string, unknown> = {}, more: { resplit?: boolean } = {}) {
  await writeFile(join(root, 'dataset.json'), JSON.stringify(config));
  return runStage(split, await openDataset(root), { reporter: silentReporter, ...more });
}
const lockPath = () => join(root, 'splits/assignments.csv');
const text = (name: string) => readFile(join(root, 'splits', name), 'utf8');
const manifest = async () => (await readManifest(join(root, 'splits/manifest.jsonl'))) as Manifest;
async function splits(): Promise<Record<string, string>> {
  const rows = (await text('splits.csv')).trim().split('\n').slice(1);
  return Object.fromEntries(
    rows.map((row) => [row.slice(0, row.indexOf(',')), row.slice(row.lastIndexOf(',') + 1)]),
  );
}

describe('the files', () => {
  it('say the same to csv and pyarrow as the manifest does', async () => {
    await resized([...classOf('cat', 10), source('a "b",c/\u00e9\n.png')]);
    await run();
    const script = `
import csv, os, pyarrow as pa
def rows(name):
    with open(os.path.join(ARGS, name), encoding="utf-8", newline="") as file:
        return [list(row.values()) for row in csv.DictReader(file)]
table = pa.ipc.open_file(os.path.join(ARGS, "splits.arrow")).read_all()
RESULT = {"csv": rows("splits.csv"), "lock": rows("assignments.csv"),
  "arrow": [list(row.values()) for row in table.to_pylist()], "columns": table.column_names}`;
    const read = runPython(script, join(root, 'splits')) as Record<string, string[][]>;
    const items = [...(await manifest()).items.values()].filter((item) => item.params !== undefined);
    const rows = items.map(({ id, params }) => [id, params?.['className'], params?.['split']]);
    expect(rows).toHaveLength(11);
    expect(read['csv']).toEqual(rows);
    expect(read['arrow']).toEqual(rows);
    expect(read['columns']).toEqual(['path', 'class_name', 'split']);
    expect(read['lock']).toEqual(
      items.map(({ id, inputs, params }) => [id, inputs?.[`images/${id}`], params?.['split']]),
    );
  });

  it('leave out what cannot be used, though the lock remembers it', async () => {
    const sources = classOf('cat', 10);
    await resized(sources);
    await run();
    const before = await splits();
    await resized(sources, ['cat/3.png']);
    await run();
    expect(Object.keys(await splits())).not.toContain('cat/3.png');
    expect(await text('assignments.csv')).toContain('cat/3.png,');
    await resized(sources);
    await run();
    expect(await splits()).toEqual(before);
  });

  it('name near-duplicates in the manifest', async () => {
    const twin = source('cat/twin.png', 'twin', { dhash: source('cat/0.png').dhash });
    await resized([...classOf('cat', 10), twin]);
    await run();
    expect((await manifest()).header['nearDuplicates']).toEqual([['cat/0.png', 'cat/twin.png']]);
    const { ['cat/0.png']: one, ['cat/twin.png']: two } = await splits();
    expect(one).toBe(two);
  });
});

describe('the lock', () => {
  it('keeps every picture where it is when others come, go or are renamed, and the folder moves', async () => {
    const sources = classOf('cat', 20);
    await resized(sources);
    await run();
    const before = await splits();
    await resized([...sources.slice(5), ...classOf('dog', 15)]);
    await run();
    const after = await splits();
    for (const { id } of sources.slice(5)) expect(after[id]).toBe(before[id]);
    const renamed = sources.map((picture) => ({ ...picture, id: picture.id.replace('.png', '.v2.png') }));
    await resized(renamed);
    await rename(root, `${root}-moved`);
    root = `${root}-moved`;
    await run();
    expect(Object.values(await splits())).toEqual(Object.values(before));
  });

  it('alone, as in a fresh clone, gives the assignment that it holds', async () => {
    await resized(classOf('cat', 20));
    await run();
    const edited = (await text('assignments.csv')).replace(/,train\n/, ',test\n');
    await rm(join(root, 'splits'), { recursive: true });
    await mkdir(join(root, 'splits'));
    await writeFile(lockPath(), edited);
    expect(await run()).toMatchObject({ done: 21 });
    expect(await text('assignments.csv')).toBe(edited);
    expect(Object.values(await splits()).filter((where) => where === 'test')).toHaveLength(3);
  });

  it('is taken at its word when a person edits it', async () => {
    await resized(classOf('cat', 20));
    await run();
    const [moved] = Object.entries(await splits()).find(([, where]) => where === 'train') as [string, string];
    const edited = (await text('assignments.csv')).replace(
      new RegExp(`^(${moved.replace('.', '\\.')},[0-9a-f]+),train$`, 'm'),
      '$1,test',
    );
    await writeFile(lockPath(), edited);
    const summary = await run();
    expect((await splits())[moved]).toBe('test');
    expect(summary.items.map(({ id }) => id).sort()).toEqual([moved, '/files'].sort());
    expect(await text('assignments.csv')).toBe(edited);
    expect(await run()).toMatchObject({ done: 0 });
  });

  it('that is damaged stops the stage and is named; nothing changes', async () => {
    await resized(classOf('cat', 10));
    await run();
    const before = await splits();
    await writeFile(lockPath(), (await text('assignments.csv')).replace(/,train\n/, ',training\n'));
    await expect(run()).rejects.toMatchObject({ code: 'INPUT_INVALID', path: lockPath(), stage: 'split' });
    await expect(run()).rejects.toThrow(/line \d+ says .*"training".*--resplit/);
    expect(await splits()).toEqual(before);
    await run({}, { resplit: true });
    expect(await splits()).toEqual(before); // the same seed, so the same assignment
  });

  it('that was deleted is restored from the manifest', async () => {
    await resized(classOf('cat', 20));
    await run();
    const edited = (await text('assignments.csv')).replace(/,train\n/, ',test\n');
    await writeFile(lockPath(), edited);
    await run();
    const before = await splits();
    await rm(lockPath());
    await run();
    expect(await text('assignments.csv')).toBe(edited);
    expect(await splits()).toEqual(before);
  });

  it('holds against another seed and other shares, which is said; --resplit assigns afresh', async () => {
    await resized(classOf('cat', 20));
    await run();
    const before = await splits();
    const config = { seed: 5, split: { train: 0.5, validation: 0.25, test: 0.25 } };
    expect((await run(config)).warnings).toEqual([
      'seed is now 5, split.train is now 0.5, split.validation is now 0.25, split.test is now 0.25, ' +
        'but 20 pictures stay where the lock has them; --resplit assigns all afresh',
    ]);
    expect(await splits()).toEqual(before);
    const summary = await run(config, { resplit: true });
    expect(summary.warnings).toEqual([]);
    const counts = Object.values(await splits());
    expect(['train', 'validation', 'test'].map((s) => counts.filter((v) => v === s).length)).toEqual([
      10, 5, 5,
    ]);
  });

  it('forgets at --resplit what is gone', async () => {
    await resized(classOf('cat', 20));
    await run();
    await resized(classOf('cat', 19));
    await run();
    expect(await text('assignments.csv')).toContain('cat/19.png');
    await run({}, { resplit: true });
    expect(await text('assignments.csv')).not.toContain('cat/19.png');
  });
});

describe('given splits', () => {
  const given = (id: string, split: Split, more: Partial<SplitSource> = {}) =>
    source(id, id, { given: split, ...more });

  it('are honoured, whatever the shares; pictures without one are assigned, and follow their near-duplicates', async () => {
    const twin = source('cat/5.png').dhash;
    const sources = [
      ...classOf('cat', 10)
        .slice(0, 5)
        .map((picture) => ({ ...picture, given: 'test' as const })),
      given('cat/5.png', 'validation'),
      source('cat/twin.png', 'twin', { dhash: twin }),
      ...classOf('dog', 10),
    ];
    await resized(sources);
    const { warnings } = await run();
    const found = await splits();
    for (const { id } of sources.slice(0, 5)) expect(found[id]).toBe('test');
    expect([found['cat/5.png'], found['cat/twin.png']]).toEqual(['validation', 'validation']);
    const dogs = Object.keys(found).filter((id) => id.startsWith('dog/'));
    expect(dogs.filter((id) => found[id] === 'train')).toHaveLength(8);
    expect(warnings).toEqual(['the class "cat" has no picture in train']);
    expect(await run()).toMatchObject({ done: 0 });
  });

  it('win over the lock and over --resplit, and stand in the lock once they are no longer given', async () => {
    const sources = classOf('cat', 10);
    await resized(sources);
    await run();
    const before = await splits();
    const [moved] = Object.entries(before).find(([, split]) => split === 'train') as [string, string];
    const moving = sources.map((picture) =>
      picture.id === moved ? { ...picture, given: 'test' as const } : picture,
    );
    await resized(moving);
    const summary = await run();
    expect(summary.items.map(({ id, reason }) => [id, reason])).toContainEqual([
      moved,
      'split changed from "train" to "test"',
    ]);
    expect(await splits()).toEqual({ ...before, [moved]: 'test' });
    await run({}, { resplit: true });
    expect((await splits())[moved]).toBe('test');
    await resized(sources);
    await run();
    expect((await splits())[moved]).toBe('test');
  });

  it('of a picture that ingest no longer knows stop the stage', async () => {
    await resized(classOf('cat', 3));
    await writeManifest(join(root, 'sources/manifest.jsonl'), {
      header: { stage: 'ingest', version: 1, config: {} },
      items: new Map(),
    });
    await expect(run()).rejects.toMatchObject({ code: 'INPUT_CHANGED', path: 'cat/0.png' });
  });
});

describe('what reruns', () => {
  it('nothing, the second time', async () => {
    await resized(classOf('cat', 10));
    await run();
    expect(await run()).toMatchObject({ done: 0, kept: 11 });
  });

  it('a picture more is one row and the files', async () => {
    await resized(classOf('cat', 10));
    await run();
    await resized(classOf('cat', 11));
    expect(await run()).toMatchObject({ done: 2, kept: 10 });
  });
});
