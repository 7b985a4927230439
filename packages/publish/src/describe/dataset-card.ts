import { SPLITS, type PublishFormat } from '@atelier/core';
import { cardFeatures, type CardFeature } from '../features.js';
import { filesOf, type Described } from './described.js';
import { cell, datasheetSections } from './datasheet.js';

const PLAIN = { source_id: 'string', variant: 'int32' } as const;

/** The columns by which Hugging Face's `datasets` reads a format; null where it reads none of it. */
const COLUMNS: Readonly<Record<PublishFormat, Readonly<Record<string, CardFeature>> | null>> = {
  parquet: { image: 'image', label: 'label', ...PLAIN },
  arrow: { image: 'image', label: 'label', ...PLAIN },
  imagefolder: { image: 'image', label: 'label', ...PLAIN },
  webdataset: {
    jpg: 'image',
    cls: 'label',
    json: { label: 'int64', class_name: 'string', source_id: 'string', variant: 'int64' },
    __key__: 'string',
    __url__: 'string',
  },
  tfrecord: null,
  npz: null,
};

/** The files of a split, as a pattern. */
const PATTERNS: Readonly<Record<PublishFormat, (split: string) => string>> = {
  parquet: (split) => `data/${split}-*.parquet`,
  arrow: (split) => `data/${split}-*.arrow`,
  imagefolder: (split) => `${split}/**`,
  webdataset: (split) => `data/${split}-*.tar`,
  tfrecord: (split) => `data/${split}.tfrecord-*`,
  npz: (split) => `data/${split}-*.npz`,
};

/** How the format is read, as Python. */
const READING: Readonly<Record<PublishFormat, string>> = {
  parquet: `from datasets import load_dataset

dataset = load_dataset("path/to/this/folder")
dataset["train"][0]["image"], dataset["train"].features["label"].names`,
  imagefolder: `from datasets import load_dataset

dataset = load_dataset("path/to/this/folder")
dataset["train"][0]["image"], dataset["train"].features["label"].names`,
  webdataset: `import glob, webdataset

shards = sorted(glob.glob("data/train-*.tar"))
for image, label in webdataset.WebDataset(shards, shardshuffle=False).decode("pil").to_tuple("jpg", "cls"):
    ...  # the names of the classes are in classes.json`,
  tfrecord: `import tensorflow as tf

features = {"image/encoded": tf.io.FixedLenFeature([], tf.string),
            "image/class/label": tf.io.FixedLenFeature([], tf.int64)}
for record in tf.data.TFRecordDataset(tf.io.gfile.glob("data/train.tfrecord-*")):
    example = tf.io.parse_single_example(record, features)
    image = tf.io.decode_jpeg(example["image/encoded"])  # the names of the classes are in classes.json`,
  npz: `import glob, numpy

for shard in sorted(glob.glob("data/train-*.npz")):
    arrays = numpy.load(shard)
    arrays["images"], arrays["labels"], arrays["class_names"]  # uint8 (N, height, width, 3), int64 (N,)`,
  arrow: `import glob, pyarrow

tables = [pyarrow.ipc.open_file(pyarrow.memory_map(shard)).read_all()
          for shard in sorted(glob.glob("data/train-*.arrow"))]
table = pyarrow.concat_tables(tables)  # image: {bytes, path}, label, source_id, variant`,
};

/**
 * The dataset card: a README.md whose YAML header tells Hugging Face's `datasets` and Hub what lies beside it, and
 * people what it is.
 * Source: huggingface.co/docs/hub/datasets-cards and its template.
 */
export async function datasetCard(format: PublishFormat, described: Described): Promise<string> {
  const { stringify } = await import('yaml');
  const { publish, sheet } = described;
  const credits = [
    ...(publish.creators.length > 0 ? [`Made by ${publish.creators.join(', ')}.`] : []),
    ...(publish.homepage === null ? [] : [`More: <${publish.homepage}>`]),
    publish.license === null ? 'No license is stated.' : `License: ${publish.license}.`,
    `Version ${publish.version}.`,
  ];
  return `---
${stringify(cardHeader(format, described), { lineWidth: 0 })}---

# ${cell(publish.name)}

${publish.description ?? 'Pictures with one class each.'}

${credits.join(' ')}

${
  publish.citation === null
    ? ''
    : `## Citation

\`\`\`bibtex
${publish.citation}
\`\`\`

`
}## How to read it

\`\`\`python
${READING[format]}
\`\`\`

${datasheetSections(sheet)}`;
}

function cardHeader(format: PublishFormat, described: Described) {
  const { publish, sheet } = described;
  const columns = COLUMNS[format];
  const splits = SPLITS.filter((name) => sheet.splits.some(({ split }) => split === name));
  return {
    ...(publish.license !== null && { license: publish.license }),
    pretty_name: publish.name,
    task_categories: ['image-classification'],
    size_categories: [sizeCategory(sheet.pictures)],
    ...(columns !== null && {
      configs: [
        {
          config_name: 'default',
          data_files: splits.map((split) => ({ split, path: PATTERNS[format](split) })),
        },
      ],
      dataset_info: {
        features: cardFeatures(
          columns,
          sheet.classes.map(({ name }) => name),
        ),
        splits: sheet.splits.map(({ split, sizeBytes, pictures }) => ({
          name: split,
          num_bytes: sizeBytes,
          num_examples: pictures,
        })),
        download_size: filesOf(format, described).reduce((sum, file) => sum + file.sizeBytes, 0),
        dataset_size: sheet.sizeBytes,
      },
    }),
  };
}

/** The Hub's own bins. */
function sizeCategory(pictures: number): string {
  const bounds: [number, string][] = [
    [1e3, 'n<1K'],
    [1e4, '1K<n<10K'],
    [1e5, '10K<n<100K'],
    [1e6, '100K<n<1M'],
    [1e7, '1M<n<10M'],
    [1e8, '10M<n<100M'],
  ];
  return bounds.find(([bound]) => pictures < bound)?.[1] ?? '100M<n<1B';
}
