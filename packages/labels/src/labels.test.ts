import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readManifest, writeManifest, type Manifest, type ManifestItem } from '@atelier/artifacts';
import { classNameOf } from '@atelier/core';
import { runPython } from '@atelier/readers';
import { openDataset, runStage, silentReporter } from '@atelier/stage';
import { labels } from './labels.js';

let root: string;
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'atelier-labels-'))));
afterEach(() => rm(root, { recursive: true }));

/** What ingest and resize leave: the classes, and pictures of which those named "bad" cannot be decoded. */
async function upstream(classNames: readonly string[], sourceIds: readonly string[]) {
  const item = (id: string): ManifestItem => ({
    id,
    key: id,
    outputs: [],
    params: { className: classNameOf(id) },
    ...(id.includes('bad') && {
      quarantine: { path: id, code: 'INPUT_INVALID', reason: 'it is bad', remedy: 'remove it' },
    }),
  });
  const items = new Map(sourceIds.map((id): [string, ManifestItem] => [id, item(id)]));
  const header = { version: 1, config: {}, classNames: [...classNames] };
  await writeManifest(join(root, 'sources/manifest.jsonl'), {
    header: { ...header, stage: 'ingest' },
    items,
  });
  await writeManifest(join(root, 'resized_images/manifest.jsonl'), {
    header: { ...header, stage: 'resize' },
    items,
  });
}

async function run(config: Record<string, unknown> = {}) {
  await writeFile(join(root, 'dataset.json'), JSON.stringify(config));
  return runStage(labels, await openDataset(root), { reporter: silentReporter });
}
const classNames = async () =>
  ((await readManifest(join(root, 'labels/manifest.jsonl'))) as Manifest).header['classes'];
const all = ['one_hot', 'integer', 'binary'];

describe('the files, read by numpy, pyarrow and Python’s csv', () => {
  const folders = ['1', '10', '2', 'Zebra', 'a,"b"', 'empty', 'Émile', '\uFF21', '\u{1F600}'];
  const ids = [
    '1/a.png',
    '10/b.png',
    '2/c\nd.png',
    'Zebra/e,f.png',
    'a,"b"/g "h".png',
    'a,"b"/i.png',
    'Émile/j.png',
    '\uFF21/k.png',
    '\u{1F600}/l.png',
  ];

  it('agree with each other, row by row, and with Python’s order of the names', async () => {
    await upstream(folders, [...ids, 'Zebra/bad.png']);
    await run({ labels: { encodings: all } });
    const script = `
import csv, json, os, numpy as np, pyarrow as pa
root = ARGS
table = pa.ipc.open_file(os.path.join(root, "labels.arrow")).read_all()
with open(os.path.join(root, "labels.csv"), encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))
with open(os.path.join(root, "classes.json"), encoding="utf-8") as file:
    classes = json.load(file)["classes"]
one_hot = np.load(os.path.join(root, "one_hot.npy"))
integer = np.load(os.path.join(root, "integer.npy"))
binary = np.load(os.path.join(root, "binary.npy"))
names = [c["name"] for c in classes]
RESULT = {
  "names": names, "sorted": sorted(names), "indices": [c["index"] for c in classes],
  "pictures": [c["pictures"] for c in classes],
  "csv": [[r["path"], r["class_name"], int(r["class_index"])] for r in rows],
  "columns": list(rows[0].keys()),
  "arrow": [[r["path"], r["class_name"], r["class_index"]] for r in table.to_pylist()],
  "types": [str(t) for t in table.schema.types],
  "one_hot": [str(one_hot.dtype), list(one_hot.shape), one_hot.argmax(1), one_hot.sum(1)],
  "integer": [str(integer.dtype), integer],
  "binary": [str(binary.dtype), list(binary.shape), binary @ (1 << np.arange(binary.shape[1])[::-1])],
}`;
    const read = runPython(script, join(root, 'labels')) as Record<string, unknown[]>;
    const order = ['1', '10', '2', 'Zebra', 'a,"b"', 'empty', 'Émile', '\uFF21', '\u{1F600}'];
    expect(read['names']).toEqual(order);
    expect(read['sorted']).toEqual(order);
    expect(read['indices']).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(read['pictures']).toEqual([1, 1, 1, 1, 2, 0, 1, 1, 1]);
    const rows = ids.map((id) => [id, classNameOf(id), order.indexOf(classNameOf(id))] as const);
    rows.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))); // UTF-8 bytes sort by code point
    const indices = rows.map(([, , index]) => index);
    expect(read['columns']).toEqual(['path', 'class_name', 'class_index']);
    expect(read['csv']).toEqual(rows);
    expect(read['arrow']).toEqual(rows);
    expect(read['types']).toEqual(['string', 'string', 'int32']);
    expect(read['one_hot']).toEqual(['uint8', [9, 9], indices, Array(9).fill(1)]);
    expect(read['integer']).toEqual(['int32', indices]);
    expect(read['binary']).toEqual(['uint8', [9, 4], indices]);
  });

  it('are those that are asked for, and only those', async () => {
    await upstream(['a'], ['a/1.png']);
    const files = async () =>
      (await readdir(join(root, 'labels'))).filter((name) => name.endsWith('.npy')).sort();
    await run();
    expect(await files()).toEqual(['one_hot.npy']);
    await run({ labels: { encodings: all } });
    expect(await files()).toEqual(['binary.npy', 'integer.npy', 'one_hot.npy']);
    await run({ labels: { encodings: ['binary'] } });
    expect(await files()).toEqual(['binary.npy']);
    await run({ labels: { encodings: [] } });
    expect(await files()).toEqual([]);
  });

  it('hold no row where there is no picture', async () => {
    await upstream(['a', 'b'], []);
    await run();
    const script = `import numpy as np\nRESULT = list(np.load(ARGS).shape)`;
    expect(runPython(script, join(root, 'labels/one_hot.npy'))).toEqual([0, 2]);
    expect(await readFile(join(root, 'labels/labels.csv'), 'utf8')).toBe('path,class_name,class_index\n');
  });
});

describe('the class table', () => {
  it('keeps the index of an empty class and of one of which no picture can be used, and says so', async () => {
    await upstream(['a', 'b', 'c', 'd'], ['a/1.png', 'c/bad.png', 'd/2.png']);
    const { warnings } = await run();
    expect(await classNames()).toEqual(['a', 'b', 'c', 'd']);
    expect(await readFile(join(root, 'labels/labels.csv'), 'utf8')).toBe(
      'path,class_name,class_index\na/1.png,a,0\nd/2.png,d,3\n',
    );
    expect(warnings).toEqual([
      'the class "b" is empty (it has no pictures); it keeps its index 1',
      'the class "c" is empty (none of its pictures can be used); it keeps its index 2',
    ]);
  });

  it('makes one class of names that differ only in their normal form, and says so', async () => {
    await upstream(['Du\u0308rer', 'D\u00fcrer'], ['Du\u0308rer/1.png', 'D\u00fcrer/1.png']);
    const { warnings } = await run();
    expect(await classNames()).toEqual(['D\u00fcrer']);
    expect(warnings).toEqual([
      '"D\u00fcrer" is written in 2 different Unicode normal forms; they are one class',
    ]);
    const lines = (await readFile(join(root, 'labels/labels.csv'), 'utf8')).split('\n');
    expect(lines.slice(1, 3)).toEqual(['Du\u0308rer/1.png,D\u00fcrer,0', 'D\u00fcrer/1.png,D\u00fcrer,0']);
  });

  it('keeps Cat and cat apart, and says so', async () => {
    await upstream(['Cat', 'cat'], ['Cat/1.png', 'cat/1.png']);
    const { warnings } = await run();
    expect(await classNames()).toEqual(['Cat', 'cat']);
    expect(warnings).toEqual(['the classes "Cat" and "cat" differ only in case']);
  });

  it('takes a fixed order, with classes that have no folder', async () => {
    await upstream(['a', 'b'], ['a/1.png', 'b/1.png']);
    await run({ classes: ['b', 'none', 'a'] });
    expect(await classNames()).toEqual(['b', 'none', 'a']);
    expect(await readFile(join(root, 'labels/labels.csv'), 'utf8')).toContain('a/1.png,a,2\nb/1.png,b,0\n');
  });

  it('refuses a fixed list that lacks a folder or repeats a name', async () => {
    await upstream(['a', 'b'], ['a/1.png']);
    await expect(run({ classes: ['a'] })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(run({ classes: ['a'] })).rejects.toThrow(/does not name the class "b"/);
    await expect(run({ classes: ['a', 'b', 'a'] })).rejects.toThrow(/names "a" twice/);
  });

  it('says aloud that a new class renumbers old ones, and not where it comes last', async () => {
    await upstream(['b', 'd'], ['b/1.png', 'd/1.png']);
    await run();
    await upstream(['b', 'd', 'e'], ['b/1.png', 'd/1.png', 'e/1.png']);
    expect((await run()).warnings).toEqual([]);
    await upstream(['b', 'c', 'd', 'e'], ['b/1.png', 'c/1.png', 'd/1.png', 'e/1.png']);
    const { warnings } = await run();
    expect(warnings).toEqual([
      'class indices have changed (added "c"): 2 classes are renumbered, "d" from 1 to 2; models trained before ' +
        'keep their own class table. To fix the order, list the names under "classes" in dataset.json',
    ]);
    await upstream(['c', 'd', 'e'], ['c/1.png', 'd/1.png', 'e/1.png']);
    expect((await run()).warnings[0]).toMatch(/\(removed "b"\): 3 classes are renumbered, "c" from 1 to 0/);
    expect((await run({ classes: ['e', 'd', 'c'] })).warnings[0]).toMatch(
      /\(reordered by "classes"\): 2 classes/,
    );
  });

  it('refuses a picture whose class ingest no longer knows', async () => {
    await upstream(['a'], ['a/1.png', 'b/1.png']);
    await expect(run()).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
  });
});

describe('what reruns', () => {
  it('nothing, the second time; one picture more writes the files again', async () => {
    await upstream(['a'], ['a/1.png', 'a/2.png']);
    await run();
    expect(await run()).toMatchObject({ done: 0, kept: 3 });
    await upstream(['a'], ['a/1.png', 'a/2.png', 'a/3.png']);
    expect(await run()).toMatchObject({ done: 2, kept: 2 });
  });

  it('a deleted file is restored, byte for byte', async () => {
    await upstream(['a', 'b'], ['a/1.png', 'b/1.png']);
    await run({ labels: { encodings: all } });
    const files = ['classes.json', 'labels.csv', 'labels.arrow', 'one_hot.npy', 'integer.npy', 'binary.npy'];
    for (const name of files) {
      const path = join(root, 'labels', name);
      const before = await readFile(path);
      await rm(path);
      expect((await run({ labels: { encodings: all } })).items).toEqual([
        { id: '/files', kind: 'missing', reason: 'output missing' },
      ]);
      expect(await readFile(path)).toEqual(before);
    }
  });
});
