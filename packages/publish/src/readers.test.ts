// Every format, opened by its own reader: counts, labels, splits and pixels are those that went in.
import { join } from 'node:path';
import { decodeJpeg } from '@atelier/image';
import { sha256 } from '@atelier/artifacts';
import { readFile } from 'node:fs/promises';
import { runPython } from '@atelier/readers';
import { run, SIZE, temporaryDataset, upstream, type Source } from './testing/dataset.js';

/** Names that a reader may stumble over: by quotes, dots, spaces, letters of elsewhere, numbers, missing values. */
const CLASSES = ['a.b', '7', 'NA', 'Zoë "Z" 名', "it's"];

function sources(): Record<string, Source> {
  const found: Record<string, Source> = {};
  CLASSES.forEach((className, c) => {
    for (let i = 0; i < 6; i++) {
      const split = i < 4 ? 'train' : i === 4 ? 'validation' : 'test';
      found[`${className}/p.${i}.png`] = {
        className,
        split,
        look: c * 10 + i,
        variants: split === 'train' ? 2 : 1,
      };
    }
  });
  return found;
}

/** [split, sourceId, variant, class index, digest of the pixels] of every picture that is to be found. */
type Row = readonly [string, string, number, number, string];

async function expectedRows(root: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [id, { className, split, variants = 1 }] of Object.entries(sources())) {
    for (let variant = 0; variant < variants; variant++) {
      const { data } = await decodeJpeg(await readFile(join(root, `generated_images/${id}_${variant}.jpg`)));
      rows.push([split, id, variant, CLASSES.indexOf(className), sha256(data)]);
    }
  }
  return rows;
}

const PRELUDE = `
import glob, hashlib, io, json, os, tempfile
for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_DATASETS_DISABLE_PROGRESS_BARS"):
    os.environ[name] = "1"
cache = tempfile.TemporaryDirectory()
os.environ["HF_HOME"] = cache.name
import numpy as np
from PIL import Image
at = lambda *parts: os.path.join(ARGS["root"], "published", *parts)
text = lambda value: value.decode() if isinstance(value, bytes) else value
def row(split, source_id, variant, label, image):
    pixels = np.asarray(image.convert("RGB") if isinstance(image, Image.Image) else image)
    assert pixels.shape == (20, 24, 3) and pixels.dtype == np.uint8, (pixels.shape, pixels.dtype)
    return [split, text(source_id), int(variant), int(label), hashlib.sha256(pixels.tobytes()).hexdigest()]
opened = lambda data: Image.open(io.BytesIO(data))
SPLITS = ("train", "validation", "test")
rows, names = {}, {}
`;

const READERS = `
import datasets
for format in ("parquet", "arrow", "imagefolder"):
    found = datasets.load_dataset(at(format))
    assert list(found) == list(SPLITS)
    label = found["train"].features["label"]
    assert isinstance(label, datasets.ClassLabel) and isinstance(found["train"].features["image"], datasets.Image)
    names["datasets " + format] = label.names
    rows["datasets " + format] = [row(split, r["source_id"], r["variant"], r["label"], r["image"])
                                  for split in found for r in found[split]]
found = datasets.load_dataset(at("webdataset"))
names["datasets webdataset"] = found["train"].features["cls"].names
rows["datasets webdataset"] = [row(split, r["json"]["source_id"], r["json"]["variant"], r["cls"], r["jpg"])
                               for split in found for r in found[split]]
# without the card: the schema of the files alone
found = datasets.load_dataset("parquet", data_files={s: sorted(glob.glob(at("parquet", "data", s + "-*"))) for s in SPLITS})
names["datasets parquet files"] = found["train"].features["label"].names
found = datasets.load_dataset("imagefolder", data_dir=at("imagefolder"))
names["datasets imagefolder files"] = found["train"].features["label"].names
assert {k: len(v) for k, v in found.items()} == {"train": 40, "validation": 5, "test": 5}

import pyarrow, pyarrow.parquet
for split in SPLITS:
    for path in sorted(glob.glob(at("parquet", "data", split + "-*"))):
        for r in pyarrow.parquet.read_table(path).to_pylist():
            rows.setdefault("pyarrow parquet", []).append(row(split, r["source_id"], r["variant"], r["label"], opened(r["image"]["bytes"])))
    for path in sorted(glob.glob(at("arrow", "data", split + "-*"))):
        table = pyarrow.ipc.open_file(pyarrow.memory_map(path)).read_all()
        table.validate(full=True)
        for r in table.to_pylist():
            rows.setdefault("pyarrow arrow", []).append(row(split, r["source_id"], r["variant"], r["label"], opened(r["image"]["bytes"])))

for split in SPLITS:
    for path in sorted(glob.glob(at("npz", "data", split + "-*"))):
        arrays = np.load(path)
        names["numpy npz"] = arrays["class_names"].tolist()
        assert arrays["labels"].dtype == np.int64 and arrays["variants"].dtype == np.int32
        for i in range(len(arrays["images"])):
            rows.setdefault("numpy npz", []).append(row(split, str(arrays["source_ids"][i]), arrays["variants"][i], arrays["labels"][i], arrays["images"][i]))

import webdataset
for split in SPLITS:
    shards = sorted(glob.glob(at("webdataset", "data", split + "-*.tar")))
    for image, label, meta in webdataset.WebDataset(shards, shardshuffle=False).decode("pil").to_tuple("jpg", "cls", "json"):
        names["webdataset"] = json.load(open(at("webdataset", "classes.json"), encoding="utf-8"))
        assert meta["class_name"] == names["webdataset"][label] and meta["label"] == label
        rows.setdefault("webdataset", []).append(row(split, meta["source_id"], meta["variant"], label, image))

import mlcroissant
for format in ("parquet", "imagefolder", "webdataset", "tfrecord", "npz", "arrow"):
    found = mlcroissant.Dataset(at(format, "croissant.json"))
    assert found.metadata.ctx.is_v1_1()
    assert not found.metadata.ctx.issues.errors and not found.metadata.ctx.issues.warnings, found.metadata.ctx.issues.report()
    names["mlcroissant " + format] = [text(r["classes/name"]) for r in found.records("classes")]
    for file in found.metadata.file_objects:
        assert hashlib.sha256(open(at(format, file.content_url), "rb").read()).hexdigest() == file.sha256, file.id
    if format in ("parquet", "imagefolder"):
        rows["mlcroissant " + format] = [
            row(split, *[r[split + "/" + name] for name in ("source_id", "variant", "label", "image")])
            for split in SPLITS for r in found.records(split)]

import tensorflow as tf
kinds = {"image/encoded": tf.string, "image/class/label": tf.int64, "image/class/text": tf.string, "image/source_id": tf.string,
         "image/variant": tf.int64, "image/height": tf.int64, "image/width": tf.int64, "image/format": tf.string}
names["tensorflow"] = json.load(open(at("tfrecord", "classes.json"), encoding="utf-8"))
for split in SPLITS:
    paths = sorted(glob.glob(at("tfrecord", "data", split + ".tfrecord-*")))
    for record in tf.data.TFRecordDataset(paths):
        r = tf.io.parse_single_example(record, {name: tf.io.FixedLenFeature([], kind) for name, kind in kinds.items()})
        assert (r["image/height"], r["image/width"], r["image/format"]) == (20, 24, b"jpeg")
        assert text(r["image/class/text"].numpy()) == names["tensorflow"][int(r["image/class/label"])]
        image = tf.io.decode_jpeg(r["image/encoded"], dct_method="INTEGER_ACCURATE").numpy()
        rows.setdefault("tensorflow", []).append(row(split, r["image/source_id"].numpy(), r["image/variant"], r["image/class/label"], image))
RESULT = {"rows": rows, "names": names}
`;

describe('what is published', () => {
  const root = temporaryDataset();

  it('is read by datasets, pyarrow, numpy, webdataset, mlcroissant and TensorFlow: all of it, as it went in', async () => {
    await upstream(root(), sources(), CLASSES);
    await run(root(), {
      pictures: 'augmented',
      maxShardBytes: 12 * SIZE.width * SIZE.height,
      license: 'cc0-1.0',
      datePublished: '2026-01-02',
      citation: '@misc{sample}',
    });
    const read = runPython(PRELUDE + READERS, { root: root() }) as {
      rows: Record<string, Row[]>;
      names: Record<string, string[]>;
    };
    const expected = (await expectedRows(root())).map((row) => row.join(' ')).sort();
    expect(Object.keys(read.rows).sort()).toEqual([
      'datasets arrow',
      'datasets imagefolder',
      'datasets parquet',
      'datasets webdataset',
      'mlcroissant imagefolder',
      'mlcroissant parquet',
      'numpy npz',
      'pyarrow arrow',
      'pyarrow parquet',
      'tensorflow',
      'webdataset',
    ]);
    for (const [reader, rows] of Object.entries(read.rows)) {
      expect([reader, rows.map((row) => row.join(' ')).sort()]).toEqual([reader, expected]);
    }
    for (const [reader, names] of Object.entries(read.names)) {
      expect([reader, names]).toEqual([reader, CLASSES]);
    }
  });
});
