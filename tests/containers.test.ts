// Datasets of others as sources: Parquet files, WebDataset shards, image folders with metadata and tables of paths, all
// written by the libraries that people write them with.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readManifest, sha256, sourceFile, type Manifest } from '@atelier/artifacts';
import { AtelierError, STAGES, type StageName } from '@atelier/core';
import { listSources } from '@atelier/ingest';
import { runPython } from '@atelier/readers';
import { openDataset, runStage, silentReporter, traceSource, verifyDataset } from '@atelier/stage';
import fc from 'fast-check';
import { artifacts } from './fixtures/small-dataset.js';
import { pipeline } from './fixtures/run-pipeline.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atelier-containers-'));
  runPython(WRITERS, { folder });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Classes in an order that is not that of their names, so that numbers and names cannot be mixed up. */
const CLASSES = ['zebra', 'ape', 'Élan'];

const WRITERS = `
import io, json, os, tarfile
os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"
at = lambda *parts: (os.makedirs(os.path.join(ARGS["folder"], *parts[:-1]), exist_ok=True), os.path.join(ARGS["folder"], *parts))[1]
import numpy as np
from PIL import Image
names = ["zebra", "ape", "Élan"]
def encoded(i, format="PNG"):
    pixels = np.random.default_rng(i).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).resize((48, 36), Image.NEAREST).save(out, format)
    return out.getvalue()
samples = [(i, encoded(i, "JPEG" if i % 2 else "PNG"), i % 3, "test" if i >= 9 else "train") for i in range(12)]
for i, data, label, split in samples:
    open(at("truth", str(i)), "wb").write(data)

import datasets, pyarrow as pa, pyarrow.parquet as pq
features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=names)})
for split in ("train", "test"):
    own = [s for s in samples if s[3] == split]
    made = datasets.Dataset.from_dict({"image": [{"bytes": s[1], "path": "%d.img" % s[0]} for s in own], "label": [s[2] for s in own]}, features=features)
    made.to_parquet(at("parquet", "data", split + "-00000-of-00001.parquet"), batch_size=4)
# by pyarrow alone, with each compression: plain bytes, names of classes as texts, splits and names in columns
for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4"):
    table = pa.table({"picture": [s[1] for s in samples], "kind": [names[s[2]] for s in samples],
                      "part": ["val" if s[3] == "test" else "train" for s in samples], "id": ["s%d" % s[0] for s in samples]})
    pq.write_table(table, at("codec-" + codec, "all.parquet"), compression=codec, row_group_size=5)

import webdataset
for split in ("train", "test"):
    with webdataset.TarWriter(at("webdataset", split + "-000000.tar")) as tar:
        for i, data, label, own in samples:
            if own == split:
                tar.write({"__key__": "%04d" % i, ("jpg" if i % 2 else "png"): data, "cls": label, "json": {"i": i}})
json.dump(names, open(at("webdataset", "classes.json"), "w"))
with webdataset.TarWriter(at("webdataset-json", "part.tar")) as tar:
    for i, data, label, split in samples:
        tar.write({"__key__": "x/%d" % i, "png": data, "json": {"label": names[label], "fold": split}})

import pandas
rows = []
for i, data, label, split in samples:
    open(at("imagefolder", split, "p", "%d.png" % i), "wb").write(data)
    rows.append({"file_name": "p/%d.png" % i, "label": label, "split": split})
card = "---\\ndataset_info:\\n  features:\\n  - name: label\\n    dtype:\\n      class_label:\\n        names:\\n" + "".join("          '%d': %s\\n" % (i, n) for i, n in enumerate(names)) + "---\\n# card\\n"
for kind in ("csv", "jsonl", "parquet"):
    base = "imagefolder-" + kind
    for split in ("train", "test"):
        own = pandas.DataFrame([r for r in rows if r["split"] == split])[["file_name", "label"]]
        for f in own["file_name"]:
            open(at(base, split, *f.split("/")), "wb").write(open(at("imagefolder", split, *f.split("/")), "rb").read())
        path = at(base, split, "metadata." + kind)
        if kind == "csv": own.assign(label=[names[l] for l in own["label"]]).to_csv(path, index=False)
        if kind == "jsonl": own.to_json(path, orient="records", lines=True)
        if kind == "parquet": datasets.Dataset.from_pandas(own, preserve_index=False).cast_column("label", datasets.ClassLabel(names=names)).to_parquet(path)
    if kind == "jsonl": open(at(base, "README.md"), "w", encoding="utf-8").write(card)
# what the real reader makes of it
read = datasets.load_dataset("imagefolder", data_dir=os.path.join(ARGS["folder"], "imagefolder-parquet"), cache_dir=at("cache", "x"))
assert read["train"].num_rows == 9 and read["test"].num_rows == 3
pandas.DataFrame([{"file": "%s/%s" % (r["split"], r["file_name"]), "kind": names[r["label"]], "set": r["split"]} for r in rows]).to_csv(at("paths.csv"), index=False)

with tarfile.open(at("hostile", "train.tar"), "w") as tar:
    def add(name, data=b"", **more):
        info = tarfile.TarInfo(name)
        info.size = len(data)
        for key, value in more.items(): setattr(info, key, value)
        tar.addfile(info, io.BytesIO(data) if info.isreg() else None)
    good = encoded(0)
    for key in ("a", "b"):
        add(key + ".png", good); add(key + ".cls", b"ape")
    add("../escape.png", good); add("../escape.cls", b"ape")
    add("/tmp/absolute.png", good); add("C:/drive.png", good); add("x\\\\..\\\\..\\\\y.png", good)
    add("link.png", type=tarfile.SYMTYPE, linkname="/etc/passwd"); add("hard.png", type=tarfile.LNKTYPE, linkname="a.png")
    add("pipe.png", type=tarfile.FIFOTYPE); add("device.png", type=tarfile.CHRTYPE)
    add("a.jpg", good); add("bad.json", b"[1"); add("bad.png", good)
    add("big.png", bytes(300000)); add("big.cls", b"ape")
    add("nolabel.png", good)
    add("noimage.png", b"no picture"); add("noimage.cls", b"ape")
    add("long/" + "n" * 300 + ".png", good); add("long/" + "n" * 300 + ".cls", b"ape")
    add("dir", type=tarfile.DIRTYPE)
table = pa.table({"image": [good, None, bytes(300000), b"no", good, good], "label": ["a", "a", "a", "a", None, "b"], "path": ["1", "2", "3", "4", "5", "../../6"]})
pq.write_table(table, at("hostile-parquet", "all.parquet"))
# a page that claims to be small and unpacks to 60 MB
pq.write_table(pa.table({"image": [bytes(60_000_000)], "label": ["a"]}), at("bomb", "all.parquet"), compression="gzip")
RESULT = True
`;

const loose = { quarantineBudget: { count: 100, share: 1 } };
let count = 0;

/** A dataset over a folder that Python wrote. */
function dataset(images: string, config: object): string {
  const root = join(folder, `dataset-${count++}`);
  mkdirSync(root);
  writeFileSync(
    join(root, 'dataset.json'),
    JSON.stringify({ images: join('..', images), resize: { width: 12, height: 10 }, ...config }),
  );
  return root;
}
async function run(root: string, last: StageName = 'split') {
  const opened = await openDataset(root);
  const summaries = [];
  for (const stage of pipeline) {
    summaries.push(await runStage(stage, opened, { reporter: silentReporter }));
    if (stage.name === last) break;
  }
  return summaries;
}
const manifest = async (root: string, stage: StageName) =>
  (await readManifest(join(root, STAGES[stage], 'manifest.jsonl'))) as Manifest;

/** What became of the pictures: "digest of the source, class, split". */
async function found(root: string): Promise<string[]> {
  const split = await manifest(root, 'split');
  const resize = await manifest(root, 'resize');
  const rows = [...split.items.values()].filter(({ params }) => params !== undefined);
  return rows
    .map(({ id, params }) => {
      const { sha256 } = sourceFile({ inputs: resize.items.get(id)?.inputs, outputs: [] });
      return [sha256, params?.['className'], params?.['split']].join(' ');
    })
    .sort();
}
/** The twelve samples, with the name of the part that is no training. */
const truth = (other: string) =>
  Array.from({ length: 12 }, (_, i) =>
    [sha256(readFileSync(join(folder, 'truth', String(i)))), CLASSES[i % 3], i >= 9 ? other : 'train'].join(
      ' ',
    ),
  ).sort();

const columns = { image: 'picture', label: 'kind', split: 'part', path: 'id' };

describe('datasets of others', () => {
  it.each<[string, object, string]>([
    ['parquet', { layout: 'parquet' }, 'test'],
    ['webdataset', { layout: 'webdataset' }, 'test'],
    ['webdataset-json', { layout: 'webdataset', labels: { split: 'fold' } }, 'test'],
    ['imagefolder-csv', { layout: 'imagefolder' }, 'test'],
    ['imagefolder-jsonl', { layout: 'imagefolder' }, 'test'],
    ['imagefolder-parquet', { layout: 'imagefolder' }, 'test'],
    ['imagefolder', { labels: { csv: '../paths.csv', path: 'file', label: 'kind', split: 'set' } }, 'test'],
    ...['none', 'snappy', 'gzip', 'brotli', 'zstd', 'lz4'].map((codec): [string, object, string] => [
      `codec-${codec}`,
      { layout: 'parquet', labels: columns },
      'validation',
    ]),
  ])('%s: the same bytes, classes and splits as Python wrote', async (images, config, other) => {
    const before = snapshot(join(folder, images));
    const root = dataset(images, config);
    await run(root);
    expect(await found(root)).toEqual(truth(other));
    expect(snapshot(join(folder, images))).toEqual(before);
    const once = artifacts(root);
    expect((await run(root)).map(({ done }) => done)).toEqual([0, 0, 0, 0]);
    expect((await verifyDataset(await openDataset(root))).damage).toEqual([]);
    const again = dataset(images, config);
    await run(again);
    expect(artifacts(again)).toEqual(once);
  });

  it('are followed by trace; what is lost is taken out again; a shard that changes is taken out anew, and no more is done', async () => {
    const root = dataset('webdataset', { layout: 'webdataset' });
    await run(root);
    const id = 'test-000000.tar/0009.jpg';
    const { stages } = await traceSource(await openDataset(root), id, root);
    expect(stages.slice(0, 4).map(({ items }) => items.map((item) => item.id))).toEqual(Array(4).fill([id]));
    const copy = sourceFile((await manifest(root, 'ingest')).items.get(id) as never).path;
    rmSync(join(root, copy));
    expect((await verifyDataset(await openDataset(root))).damage).toMatchObject([
      { stage: 'ingest', path: copy },
    ]);
    expect((await run(root, 'resize')).map(({ done }) => done)).toEqual([1, 0]);
    // one more end-of-archive block: other bytes, the same pictures
    const shard = join(folder, 'webdataset', 'test-000000.tar');
    const bytes = readFileSync(shard);
    writeFileSync(shard, Buffer.concat([bytes, Buffer.alloc(512)]));
    expect((await run(root, 'resize')).map(({ done, kept }) => [done, kept])).toEqual([
      [3, 9],
      [0, 12],
    ]);
    writeFileSync(shard, bytes);
  });
});

/** Every file below a folder with its digest and time. */
function snapshot(path: string): unknown {
  return runPython(
    'import os, hashlib\nRESULT = sorted([os.path.join(d, f), hashlib.sha256(open(os.path.join(d, f), "rb").read()).hexdigest(), os.stat(os.path.join(d, f)).st_mtime_ns] for d, _, fs in os.walk(ARGS) for f in fs)',
    path,
  );
}

describe('hostile containers', () => {
  const reasons = async (root: string) =>
    Object.fromEntries(
      [...(await manifest(root, 'ingest')).items.values()].map(({ id, quarantine }) => [
        id.length > 60 ? 'long' : id,
        quarantine?.reason ?? 'used',
      ]),
    );

  it('tar: links, devices, names that lead out, bombs and doubles are refused one by one; nothing lands elsewhere', async () => {
    const root = dataset('hostile', { layout: 'webdataset', limits: { ...loose, maxFileBytes: 200_000 } });
    await run(root, 'ingest');
    expect(await reasons(root)).toEqual({
      'train.tar/a.png': 'used',
      'train.tar/b.png': 'used',
      long: 'used',
      'train.tar/big.png': 'it has 300000 bytes, more than limits.maxFileBytes 200000',
      'train.tar/noimage.png': 'its content is not a picture that can be read, or its header is damaged',
      '/train.tar/nolabel.png': 'nothing gives it a label',
      '/train.tar/a.jpg': 'its key has such an entry already',
      '/train.tar/bad.png': 'the record bad.json beside it is no JSON object',
      '/train.tar/../escape.png': 'it leads out of a folder with "..", inside an archive',
      '/train.tar/../escape.cls': 'it leads out of a folder with "..", inside an archive',
      '/train.tar//tmp/absolute.png': 'it is an absolute path, inside an archive',
      '/train.tar/C:/drive.png': 'it names a drive, inside an archive',
      '/train.tar/x\\..\\..\\y.png': 'it leads out of a folder with "..", inside an archive',
      '/train.tar/link.png': 'it is a symlink, not a file',
      '/train.tar/hard.png': 'it is a link, not a file',
      '/train.tar/pipe.png': 'it is a fifo, not a file',
      '/train.tar/device.png': 'it is a character-device, not a file',
    });
    const outputs = [...artifacts(root).keys()].filter((path) => path.startsWith('sources/pictures/'));
    expect(outputs).toHaveLength(3);
    for (const path of ['escape.png', '../escape.png', '../y.png', 'y.png']) {
      expect(existsSync(join(root, path)) || existsSync(join(root, 'sources', path))).toBe(false);
    }
  });

  it('Parquet: empty cells, missing labels, names that lead out and files that are too large', async () => {
    const root = dataset('hostile-parquet', {
      layout: 'parquet',
      limits: { ...loose, maxFileBytes: 200_000 },
    });
    await run(root, 'ingest');
    expect(await reasons(root)).toEqual({
      'all.parquet/1': 'used',
      'all.parquet/2': 'its cell is empty',
      'all.parquet/3': 'it has 300000 bytes, more than limits.maxFileBytes 200000',
      'all.parquet/4': 'its content is not a picture that can be read, or its header is damaged',
      '/all.parquet/5': 'nothing gives it a label',
      '/all.parquet/../../6': 'it leads out of a folder with ".."',
    });
    const bomb = dataset('bomb', { layout: 'parquet', limits: { ...loose, maxFileBytes: 200_000 } });
    expect(statSync(join(folder, 'bomb/all.parquet')).size).toBeLessThan(1_000_000);
    await run(bomb, 'ingest');
    expect(Object.values(await reasons(bomb))).toEqual([
      'it has 60000000 bytes, more than limits.maxFileBytes 200000',
    ]);
  });

  it('a container that is cut off, or has no such column, ends the run with nothing committed', async () => {
    for (const [images, file, layout] of [
      ['webdataset', 'train-000000.tar', 'webdataset'],
      ['parquet', 'data/train-00000-of-00001.parquet', 'parquet'],
    ] as const) {
      const path = join(folder, images, file);
      const whole = readFileSync(path);
      const { atime, mtime } = statSync(path);
      truncateSync(path, Math.floor(whole.length / 2));
      const root = dataset(images, { layout });
      await expect(run(root)).rejects.toMatchObject({ code: 'INPUT_INVALID', path });
      expect(existsSync(join(root, 'sources/manifest.jsonl'))).toBe(false);
      writeFileSync(path, whole);
      utimesSync(path, atime, mtime);
    }
    const root = dataset('parquet', { layout: 'parquet', labels: { label: 'lable' } });
    await expect(run(root)).rejects.toThrow(
      'it has no column "lable" but image, label; dataset.json names columns under "labels"',
    );
  });

  it.each([
    ['webdataset', 'webdataset/test-000000.tar', 'x.tar'],
    ['parquet', 'parquet/data/test-00000-of-00001.parquet', 'x.parquet'],
  ] as const)('%s: any damage is an error that names the file, or pictures', async (layout, from, name) => {
    const whole = readFileSync(join(folder, from));
    const images = join(folder, `fuzz-${layout}`);
    mkdirSync(images);
    // headers and footers are where the damage matters
    const position = fc.oneof(fc.nat(600), fc.integer({ min: whole.length - 1500, max: whole.length - 1 }));
    const damage = fc.array(fc.tuple(position, fc.nat(255)), { minLength: 1, maxLength: 4 });
    const labels = { csv: null, path: 'path', label: 'label', split: null, separator: null };
    await fc.assert(
      fc.asyncProperty(damage, async (edits) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of edits) bytes[at] = value;
        writeFileSync(join(images, name), bytes);
        const result = await listSources(images, { images, layout, labels }).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toBeInstanceOf(AtelierError);
        else expect(result).toHaveProperty('sources');
      }),
      { numRuns: 150, seed: 7 },
    );
  });
});
