import { sha256, type Manifest, type ManifestOutput } from '@atelier/artifacts';
import { canonicalJson, type DatasetConfig, type Json } from '@atelier/core';
import type { Outcome, ProcessContext, Stage } from '@atelier/stage';
import { croissant } from './describe/croissant.js';
import { datasetCard } from './describe/dataset-card.js';
import { datasheet, datasheetMarkdown, type Datasheet } from './describe/datasheet.js';
import type { Described } from './describe/described.js';
import { metadataTable } from './formats/metadata-table.js';
import type { ShardWriter } from './formats/shard-writer.js';
import { planItems, type PublishItem, type ShardFormat } from './plan/plan-items.js';
import { publishedRows, type PublishedRow } from './plan/published-rows.js';

type Config = { publish: DatasetConfig['publish']; resize: DatasetConfig['resize'] };

/** Each format's writer, loaded when it is needed. */
const WRITERS: Readonly<Record<ShardFormat, () => Promise<ShardWriter>>> = {
  parquet: async () => (await import('./formats/write-parquet.js')).writeParquet,
  arrow: async () => (await import('./formats/write-arrow.js')).writeArrow,
  webdataset: async () => (await import('./formats/write-webdataset.js')).writeWebdataset,
  tfrecord: async () => (await import('./formats/write-tfrecord.js')).writeTfrecord,
  npz: async () => (await import('./formats/write-npz.js')).writeNpz,
};

/**
 * On request: the pictures with their classes and splits in the formats of `publish.formats`, each in a folder of its
 * own below published/ with a dataset card and Croissant metadata, and a datasheet of the whole. Shards are written
 * in constant memory; a changed picture rewrites one shard of each format.
 */
export const publish: Stage<Config> = {
  name: 'publish',
  version: 1,
  noun: 'file',
  inputs: ['ingest', 'resize', 'labels', 'split', 'augment'],

  config: ({ publish, resize }) => ({ publish, resize }),

  async plan({ upstream, dataset, config }) {
    const manifests = upstream as Record<'ingest' | 'resize' | 'labels' | 'split' | 'augment', Manifest>;
    const rows = publishedRows(manifests, config.publish.pictures);
    const classes = manifests.labels.header['classes'] as readonly string[];
    const sheet = datasheet(rows, { manifests, dataset });
    const described = sha256(canonicalJson({ sheet: sheet as unknown as Json, content: contentOf(rows) }));
    return {
      items: planItems(rows, { ...config, classes, described }),
      header: { classes: [...classes], pictures: rows.length },
      sizeBytes: (item) => itemBytes(item.work as PublishItem, config.resize),
    };
  },

  async process([item], context) {
    if (item === undefined) return [];
    const [path] = item.outputs as [string];
    const output = await makeFile(path, item.work as PublishItem, context);
    return [{ outputs: [output] }] satisfies Outcome[];
  },
};

const contentOf = (rows: readonly PublishedRow[]): Json =>
  rows.map((row) => [row.name, row.sha256, row.sourceId, row.variant, row.classIndex, row.split]);

/** What a file takes on the disk; of small ones nothing is known beforehand. */
function itemBytes(work: PublishItem, { width, height }: DatasetConfig['resize']): number {
  if (work.kind === 'picture') return work.row.sizeBytes;
  if (work.kind !== 'shard') return 0;
  if (work.format === 'npz') return work.rows.length * width * height * 3;
  return work.rows.reduce((sum, row) => sum + row.sizeBytes, 0);
}

async function makeFile(
  path: string,
  work: PublishItem,
  context: ProcessContext<Config>,
): Promise<ManifestOutput> {
  const read = (row: PublishedRow) => context.read(row.path, row.sha256);
  const { width, height } = context.config.resize;
  const classes = context.upstream.labels?.header['classes'] as readonly string[];
  switch (work.kind) {
    case 'shard': {
      const write = await WRITERS[work.format]();
      const file = { path: await context.stagedPath(path), rows: work.rows, classes, width, height, read };
      return { path, ...(await write(file)) };
    }
    case 'picture':
      return context.write(path, await read(work.row));
    case 'metadata':
      return context.write(path, await metadataTable(work.rows, classes));
    case 'classes':
      return context.write(path, `${JSON.stringify(classes, undefined, 2)}\n`);
    case 'card':
      return context.write(path, await datasetCard(work.format, describe(context)));
    case 'croissant':
      return context.write(path, asJson(croissant(work.format, describe(context))));
    case 'datasheet': {
      const { sheet } = describe(context);
      return context.write(path, work.as === 'json' ? asJson(sheet) : datasheetMarkdown(sheet));
    }
  }
}

const asJson = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`;

/** All that cards and metadata tell, with the files that are there by now. */
function describe({ upstream, dataset, config, items }: ProcessContext<Config>): Described {
  const manifests = upstream as Record<'ingest' | 'resize' | 'labels' | 'split' | 'augment', Manifest>;
  const rows = publishedRows(manifests, config.publish.pictures);
  const sheet: Datasheet = datasheet(rows, { manifests, dataset });
  const files = [...items().values()].flatMap(({ outputs }) => outputs);
  return { publish: config.publish, sheet, files };
}
