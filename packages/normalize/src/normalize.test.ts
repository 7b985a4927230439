import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readManifest, sha256, writeManifest, type Manifest, type ManifestItem } from '@atelier/artifacts';
import { classNameOf, STAGES, type Split } from '@atelier/core';
import { decodeJpeg, encodeJpeg } from '@atelier/image';
import { runPython } from '@atelier/readers';
import { openDataset, runStage, silentReporter } from '@atelier/stage';
import { normalize } from './normalize.js';

let root: string;
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'atelier-normalize-'))));
afterEach(() => rm(root, { recursive: true }));

const small = { width: 12, height: 8 };
const classes = ['cat', 'dog', 'empty'];

/** A picture of soft stripes; another seed, another colour. */
function jpegOf(seed: number, { width, height } = small) {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, c] = [Math.floor(i / 3) % width, i % 3];
    return 100 + ((seed * (31 + 17 * c)) % 100) + 50 * Math.sin(x / 3 + seed + c);
  });
  return encodeJpeg({ data, width, height }, 95);
}

/** Per channel the means of the values and of their squares, as resize records them. */
async function moments(jpeg: Uint8Array) {
  const { data } = await decodeJpeg(jpeg);
  const [channelMean, channelMeanSquare] = [
    [0, 0, 0],
    [0, 0, 0],
  ];
  data.forEach((v, i) => {
    (channelMean[i % 3] as number) += (3 * v) / 255 / data.length;
    (channelMeanSquare[i % 3] as number) += (3 * (v / 255) ** 2) / data.length;
  });
  return { channelMean, channelMeanSquare };
}

interface Source {
  readonly split: Split;
  readonly seed: number;
  readonly variants?: number;
}

/** What resize, labels and augment leave. */
async function upstream(sources: Readonly<Record<string, Source>>, { size = small, names = classes } = {}) {
  const resized = new Map<string, ManifestItem>();
  const augmented: [string, ManifestItem][] = [];
  for (const [id, { split, seed, variants = 1 }] of Object.entries(sources)) {
    const className = classNameOf(id);
    for (let variant = 0; variant < variants; variant++) {
      const jpeg = await jpegOf(seed + variant, size);
      const path = `generated_images/${id}_${variant}.jpg`;
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), jpeg);
      const outputs = [{ path, sizeBytes: jpeg.length, sha256: sha256(jpeg) }];
      const params = { className, split, sourceId: id, variant };
      augmented.push([`${id}#${variant}`, { id: `${id}#${variant}`, key: 'k', outputs, params }]);
      if (variant === 0) resized.set(id, { id, key: 'k', outputs: [], data: await moments(jpeg) });
    }
  }
  const write = (
    stage: 'resize' | 'labels' | 'augment',
    items: Map<string, ManifestItem>,
    more: object = {},
  ) =>
    writeManifest(join(root, STAGES[stage], 'manifest.jsonl'), {
      header: { stage, version: 1, config: {}, ...more },
      items,
    });
  await write('resize', resized);
  await write('labels', new Map(), { classes: names });
  await write('augment', new Map(augmented));
}

async function run(config: Record<string, unknown> = {}, size = small) {
  await writeFile(join(root, 'dataset.json'), JSON.stringify({ resize: size, normalize: config }));
  return runStage(normalize, await openDataset(root), { reporter: silentReporter });
}
const header = async () => ((await readManifest(join(root, 'normalized/manifest.jsonl'))) as Manifest).header;
const usual = {
  'cat/a': { split: 'train', seed: 1, variants: 3 },
  'cat/b': { split: 'validation', seed: 5 },
  'dog/c': { split: 'test', seed: 9 },
  'dog/d': { split: 'train', seed: 13, variants: 3 },
} as const;

/** Python: `read(split)` is a shard as a table, `tensors(table)` its pictures, `jpegs(table)` those by Pillow. */
const prelude = `
import os, json, numpy as np, pyarrow as pa
from PIL import Image
root = ARGS["root"]
read = lambda split: pa.ipc.open_file(os.path.join(root, "normalized", split + "-00000-of-00001.arrow")).read_all()
tensors = lambda table: table["tensor"].combine_chunks().to_numpy_ndarray()
jpeg = lambda source, variant: np.asarray(Image.open(
    os.path.join(root, "generated_images", "%s_%d.jpg" % (source, variant))))
jpegs = lambda table: np.stack([jpeg(r["source_id"], r["variant"]) for r in table.drop(["tensor"]).to_pylist()])
`;
const python = (script: string) => runPython(prelude + script, { root }) as Record<string, unknown>;

describe('shards, read by pyarrow', () => {
  it('are (N, 300, 300, 3) in [0, 1] and equal the JPEGs that Pillow decodes / 255, exactly', async () => {
    const size = { width: 300, height: 300 };
    await upstream(usual, { size });
    await run({}, size);
    const read = python(`
RESULT = {}
for split in ["train", "validation", "test"]:
    table = read(split)
    found, wanted = tensors(table), jpegs(table).astype(np.float32) / np.float32(255)
    RESULT[split] = [list(found.shape), str(found.dtype), bool((found == wanted).all()),
        bool(found.min() >= 0 and found.max() <= 1), float(np.ptp(found)) > 0.1]`);
    expect(read).toEqual({
      train: [[6, 300, 300, 3], 'float32', true, true, true],
      validation: [[1, 300, 300, 3], 'float32', true, true, true],
      test: [[1, 300, 300, 3], 'float32', true, true, true],
    });
  });

  it('say of each row which sample it is, and of what type and layout the tensor is', async () => {
    await upstream(usual);
    await run();
    const read = python(`
table = read("train")
field = table.schema.field("tensor")
RESULT = {"rows": [list(r.values()) for r in table.drop(["tensor"]).to_pylist()], "columns": table.column_names,
  "type": str(type(field.type).__name__), "dims": field.type.dim_names, "shape": field.type.shape,
  "split": table.schema.metadata[b"atelier.split"].decode(),
  "normalize": json.loads(table.schema.metadata[b"atelier.normalize"])}`);
    expect(read).toEqual({
      columns: ['sample_id', 'source_id', 'variant', 'class_index', 'tensor'],
      rows: [
        ['cat/a#0', 'cat/a', 0, 0],
        ['cat/a#1', 'cat/a', 1, 0],
        ['cat/a#2', 'cat/a', 2, 0],
        ['dog/d#0', 'dog/d', 0, 1],
        ['dog/d#1', 'dog/d', 1, 1],
        ['dog/d#2', 'dog/d', 2, 1],
      ],
      type: 'FixedShapeTensorType',
      dims: ['H', 'W', 'C'],
      shape: [8, 12, 3],
      split: 'train',
      normalize: { scale: 1 },
    });
  });

  it('hold float16 as numpy rounds it, and uint8 without loss beside its scale', async () => {
    await upstream(usual);
    await run({ dtype: 'float16' });
    expect(
      python(`
table = read("train")
found = tensors(table)
RESULT = [str(found.dtype), bool((found == (jpegs(table) / 255).astype(np.float16)).all())]`),
    ).toEqual(['float16', true]);
    expect(await header()).toMatchObject({ dtype: 'float16', valueRange: [0, 1], scale: 1 });
    await run({ dtype: 'uint8' });
    expect(
      python(`
table = read("train")
found = tensors(table)
scale = json.loads(table.schema.metadata[b"atelier.normalize"])["scale"]
RESULT = [str(found.dtype), bool((found == jpegs(table)).all()), scale]`),
    ).toEqual(['uint8', true, 1 / 255]);
    expect(await header()).toMatchObject({ dtype: 'uint8', valueRange: [0, 255], scale: 1 / 255 });
  });

  it('of no row are whole files too', async () => {
    // pictures so large that each would be a shard of its own: two sources with many variants leave some empty
    await upstream({ 'cat/a': { split: 'train', seed: 1, variants: 3 } });
    const huge = { width: 6000, height: 6000 };
    const stage = {
      ...normalize,
      process: (...[items, context]: Parameters<typeof normalize.process>) =>
        normalize.process(items, {
          ...context,
          config: { ...context.config, resize: { ...context.config.resize, ...small } },
        }),
    };
    await writeFile(join(root, 'dataset.json'), JSON.stringify({ resize: huge }));
    await runStage(stage, await openDataset(root), { reporter: silentReporter });
    const read = python(`
import glob
tables = [pa.ipc.open_file(path).read_all() for path in sorted(glob.glob(os.path.join(root, "normalized", "*.arrow")))]
RESULT = [[t.num_rows for t in tables], list({str(t.schema.field("tensor").type.shape) for t in tables}),
  list({t.schema.metadata[b"atelier.split"].decode() for t in tables})]`) as unknown as [
      number[],
      ...unknown[],
    ];
    expect([...read[0]].sort()).toEqual([0, 0, 0, 3]);
    expect(read.slice(1)).toEqual([['[8, 12, 3]'], ['train']]);
  });
});

describe('standardize', () => {
  it('by mean and standard deviation of the originals of the train split, and of no others', async () => {
    await upstream(usual);
    await run({ standardize: true });
    const read = python(`
train = np.stack([jpeg("cat/a", 0), jpeg("dog/d", 0)]).astype(np.float64) / 255
mean, std = train.mean((0, 1, 2)), train.std((0, 1, 2))
stored = json.loads(read("test").schema.metadata[b"atelier.normalize"])
errors = []
for split in ["train", "validation", "test"]:
    table = read(split)
    errors.append(float(np.abs(tensors(table) - (jpegs(table) / 255.0 - mean) / std).max()))
originals = tensors(read("train"))[[0, 3]]
RESULT = {"mean": mean, "std": std, "stored": stored, "error": max(errors),
  "centred": float(np.abs(originals.mean((0, 1, 2))).max()), "spread": float(np.abs(originals.std((0, 1, 2)) - 1).max()),
  "range": [float(min(tensors(read(s)).min() for s in ["train", "validation", "test"])),
    float(max(tensors(read(s)).max() for s in ["train", "validation", "test"]))]}`) as {
      mean: number[];
      std: number[];
      stored: { mean: number[]; std: number[] };
      error: number;
      centred: number;
      spread: number;
      range: [number, number];
    };
    expect(read.error).toBeLessThan(1e-5);
    expect(read.centred).toBeLessThan(1e-5);
    expect(read.spread).toBeLessThan(1e-5);
    const { mean, std, valueRange } = (await header()) as unknown as Record<
      'mean' | 'std' | 'valueRange',
      number[]
    >;
    [0, 1, 2].forEach((c) => {
      expect(mean[c]).toBeCloseTo(read.mean[c] as number, 9);
      expect(std[c]).toBeCloseTo(read.std[c] as number, 9);
    });
    expect(read.stored).toMatchObject({ mean, std });
    expect(valueRange[0]).toBeLessThanOrEqual(read.range[0]);
    expect(valueRange[1]).toBeGreaterThanOrEqual(read.range[1]);
    expect(valueRange[0]).toBeLessThan(0);
  });

  it('another test picture changes nothing in it, another train picture everything', async () => {
    await upstream(usual);
    await run({ standardize: true });
    const before = (await header())['mean'];
    await upstream({ ...usual, 'dog/c': { split: 'test', seed: 77 } });
    expect(await run({ standardize: true })).toMatchObject({ done: 1, kept: 2 });
    expect((await header())['mean']).toEqual(before);
    await upstream({ ...usual, 'cat/a': { split: 'train', seed: 77, variants: 3 } });
    expect(await run({ standardize: true })).toMatchObject({ done: 3 });
    expect((await header())['mean']).not.toEqual(before);
  });

  it('by given values', async () => {
    await upstream(usual);
    const [mean, std] = [
      [0.5, 0.25, 0],
      [0.5, 1, 2],
    ];
    await run({ mean, std });
    expect(
      python(`
table = read("train")
wanted = ((jpegs(table) / 255.0 - [0.5, 0.25, 0]) / [0.5, 1, 2]).astype(np.float32)
RESULT = bool((tensors(table) == wanted).all())`),
    ).toBe(true);
    expect(await header()).toMatchObject({ mean, std, valueRange: [-1, 1] });
  });

  it('refuses one without the other, and pictures that do not vary', async () => {
    await upstream(usual);
    await expect(run({ mean: [0, 0, 0] })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(run({ mean: [0, 0, 0], std: [1, 0, 1] })).rejects.toThrow(/a standard deviation is 1, 0, 1/);
    await upstream({ 'cat/a': { split: 'test', seed: 1 } });
    await expect(run({ standardize: true })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('.npy and .npz, read by numpy', () => {
  it.each(['float32', 'float16', 'uint8'])('hold what the shards hold, as %s', async (dtype) => {
    await upstream(usual);
    await run({ dtype, npy: true, npz: true });
    const read = python(`
RESULT = {"same": [], "labels": {}, "files": sorted(
    os.path.relpath(os.path.join(folder, name), root)
    for folder, _, names in os.walk(os.path.join(root, "normalized_images")) for name in names)}
for split in ["train", "validation", "test"]:
    table = read(split)
    found = tensors(table)
    with np.load(os.path.join(root, "normalized", split + ".npz"), allow_pickle=False) as npz:
        RESULT["same"].append(bool(npz["images"].dtype == found.dtype and (npz["images"] == found).all()))
        RESULT["labels"][split] = [str(npz["labels"].dtype), npz["labels"]]
        RESULT["same"].append(npz["labels"].tolist() == table["class_index"].to_pylist())
    for row, tensor in zip(table.drop(["tensor"]).to_pylist(), found):
        path = os.path.join(root, "normalized_images", "%s_%d.npy" % (row["source_id"], row["variant"]))
        one = np.load(path, allow_pickle=False)
        RESULT["same"].append(bool(one.dtype == tensor.dtype and one.shape == (8, 12, 3) and (one == tensor).all()))`) as {
      same: boolean[];
      labels: unknown;
      files: string[];
    };
    expect(read.same).toEqual(Array(6 + 8).fill(true));
    expect(read.labels).toEqual({
      train: ['int32', [0, 0, 0, 1, 1, 1]],
      validation: ['int32', [0]],
      test: ['int32', [1]],
    });
    expect(read.files).toHaveLength(8);
    expect(read.files[0]).toBe('normalized_images/cat/a_0.npy');
  });

  it('come and go with the settings, the shards kept', async () => {
    await upstream(usual);
    await run();
    expect(await run({ npy: true })).toMatchObject({ done: 8, kept: 3 });
    expect(await run()).toMatchObject({ done: 0, kept: 3, removed: 8 });
    expect(existsSync(join(root, 'normalized_images'))).toBe(false);
  });
});

describe('what reruns', () => {
  const files = () => readdir(join(root, 'normalized'));
  const mtime = async (name: string) => (await stat(join(root, 'normalized', name))).mtimeMs;

  it('nothing, the second time', async () => {
    await upstream(usual);
    await run();
    expect(await run()).toMatchObject({ done: 0, kept: 3 });
  });

  it('of a changed picture its own shard', async () => {
    await upstream(usual);
    await run();
    const before = await Promise.all(
      ['train', 'test'].map((split) => mtime(`${split}-00000-of-00001.arrow`)),
    );
    await upstream({ ...usual, 'cat/b': { split: 'validation', seed: 50 } });
    const summary = await run();
    expect(summary.items).toEqual([
      {
        id: 'validation-00000-of-00001',
        kind: 'input',
        reason: 'input changed: generated_images/cat/b_0.jpg',
      },
    ]);
    expect(
      await Promise.all(['train', 'test'].map((split) => mtime(`${split}-00000-of-00001.arrow`))),
    ).toEqual(before);
  });

  it('of other classes all shards whose rows have other labels', async () => {
    await upstream(usual);
    await run();
    await upstream(usual, { names: ['ant', ...classes] });
    expect(await run()).toMatchObject({ done: 3 });
    expect(python(`RESULT = read("train")["class_index"].to_pylist()`)).toEqual([1, 1, 1, 2, 2, 2]);
  });

  it('a deleted shard is restored, byte for byte', async () => {
    await upstream(usual);
    await run();
    const path = join(root, 'normalized/train-00000-of-00001.arrow');
    const before = await readFile(path);
    await rm(path);
    expect(await run()).toMatchObject({ done: 1, kept: 2 });
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  it('a split that has lost its pictures loses its shard', async () => {
    await upstream(usual);
    await run();
    await upstream({ 'cat/a': usual['cat/a'] });
    expect(await run()).toMatchObject({ removed: 2 });
    expect((await files()).filter((name) => name.endsWith('.arrow'))).toEqual(['train-00000-of-00001.arrow']);
  });
});

describe('what is refused', () => {
  it('more than the disk holds, before anything is written', async () => {
    await upstream({ 'cat/a': usual['cat/a'] });
    const path = join(root, 'generated_images/manifest.jsonl');
    const { header: own, items } = (await readManifest(path)) as Manifest;
    const [row] = items.values() as unknown as [ManifestItem];
    // 2,000 pictures of 3.2 GB each, three times over
    const many = Array.from({ length: 2000 }, (_, i): [string, ManifestItem] => [
      `cat/${i}#0`,
      {
        ...row,
        id: `cat/${i}#0`,
        params: { ...row.params, sourceId: `cat/${i}` },
        outputs: row.outputs.map((output) => ({ ...output, path: `generated_images/cat/${i}_0.jpg` })),
      },
    ]);
    await writeManifest(path, { header: own, items: new Map(many) });
    const error = await run({ npy: true, npz: true }, { width: 16_383, height: 16_383 }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'DISK_FULL' });
    expect((error as Error).message).toMatch(/needs 193\d\d\.\d GB and [\d.]+ GB are free/);
    expect(existsSync(join(root, 'normalized/manifest.jsonl'))).toBe(false);
    expect((await readdir(join(root, 'normalized'))).filter((name) => name.endsWith('.arrow'))).toEqual([]);
  });

  it('pictures of a class that labels does not know', async () => {
    await upstream(usual, { names: ['cat'] });
    await expect(run()).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
    await expect(run()).rejects.toThrow(/class "dog", which the stage labels does not know/);
  });

  it('a JPEG that is no longer what augment wrote', async () => {
    await upstream(usual);
    await writeFile(join(root, 'generated_images/cat/a_1.jpg'), await jpegOf(99));
    await expect(run()).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
  });
});
