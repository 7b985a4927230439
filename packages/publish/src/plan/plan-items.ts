import {
  canonicalJson,
  groupBy,
  SPLITS,
  type DatasetConfig,
  type PublishFormat,
  type Split,
} from '@atelier/core';
import { sha256 } from '@atelier/artifacts';
import type { PlannedItem } from '@atelier/stage';
import { dealShards, type Shard } from './deal-shards.js';
import type { PublishedRow } from './published-rows.js';

/** What one item holds; handed from the plan to the making. */
export type PublishItem =
  | { readonly kind: 'shard'; readonly format: ShardFormat; readonly rows: readonly PublishedRow[] }
  | { readonly kind: 'picture'; readonly row: PublishedRow }
  | { readonly kind: 'metadata'; readonly rows: readonly PublishedRow[] }
  | { readonly kind: 'classes' }
  | { readonly kind: 'card' | 'croissant'; readonly format: PublishFormat }
  | { readonly kind: 'datasheet'; readonly as: 'json' | 'md' };

/** Formats that are written in shards. */
export type ShardFormat = Exclude<PublishFormat, 'imagefolder'>;

/** What {@link planItems} goes by. */
export interface PlanSettings {
  readonly publish: DatasetConfig['publish'];
  readonly resize: DatasetConfig['resize'];
  readonly classes: readonly string[];
  /** The digest of all that the descriptions say. */
  readonly described: string;
}

/** Formats whose files do not hold the names of the classes. */
const WITHOUT_NAMES: readonly PublishFormat[] = ['webdataset', 'tfrecord'];

/** The files of every format: its data, its card, its Croissant metadata; and the datasheet of all. */
export function planItems(rows: readonly PublishedRow[], settings: PlanSettings): PlannedItem[] {
  const { formats } = settings.publish;
  const wanted = [...new Set(formats)].flatMap((format) => [
    ...(format === 'imagefolder' ? folderItems(rows, settings) : shardItems(format, rows, settings)),
    ...(WITHOUT_NAMES.includes(format) ? [classesItem(format, settings)] : []),
    describing({ kind: 'card', format }, `${format}/README.md`, settings),
    describing({ kind: 'croissant', format }, `${format}/croissant.json`, settings),
  ]);
  return [
    ...wanted,
    describing({ kind: 'datasheet', as: 'json' }, 'datasheet.json', settings),
    describing({ kind: 'datasheet', as: 'md' }, 'datasheet.md', settings),
  ];
}

function shardItems(
  format: ShardFormat,
  rows: readonly PublishedRow[],
  { publish: { maxShardBytes }, resize: { width, height }, classes }: PlanSettings,
): PlannedItem[] {
  const bytesOf = (row: PublishedRow) => (format === 'npz' ? width * height * 3 : row.sizeBytes);
  return dealShards(rows, { maxShardBytes, bytesOf }).map((shard): PlannedItem => {
    const path = SHARD_PATHS[format](shard);
    return {
      id: `${format}/${path}`,
      inputs: inputsOf(shard.rows),
      settings: { classes: [...classes], size: [width, height] },
      params: { format, split: shard.split, rows: shard.rows.length, content: contentOf(shard.rows) },
      outputs: [`published/${format}/${path}`],
      work: { kind: 'shard', format, rows: shard.rows } satisfies PublishItem,
    };
  });
}

const padded = (digits: number) => (n: number) => String(n).padStart(digits, '0');
const [five, six] = [padded(5), padded(6)];
const ofCount = ({ split, index, count }: Shard) => `${split}-${five(index)}-of-${five(count)}`;

/** Where a shard lies in the folder of its format, as those who use the format name their shards. */
const SHARD_PATHS: Readonly<Record<ShardFormat, (shard: Shard) => string>> = {
  parquet: (shard) => `data/${ofCount(shard)}.parquet`,
  arrow: (shard) => `data/${ofCount(shard)}.arrow`,
  webdataset: ({ split, index }) => `data/${split}-${six(index)}.tar`,
  tfrecord: ({ split, index, count }) => `data/${split}.tfrecord-${five(index)}-of-${five(count)}`,
  npz: (shard) => `data/${ofCount(shard)}.npz`,
};

/** A file per picture, and per split a table of what is known of each. */
function folderItems(rows: readonly PublishedRow[], settings: PlanSettings): PlannedItem[] {
  const pictures = rows.map((row): PlannedItem => {
    const path = `imagefolder/${row.split}/${row.name}.jpg`;
    return {
      id: path,
      inputs: { [row.path]: row.sha256 },
      settings: null,
      params: { split: row.split },
      outputs: [`published/${path}`],
      work: { kind: 'picture', row } satisfies PublishItem,
    };
  });
  const bySplit = groupBy(rows, (row) => row.split);
  const tables = SPLITS.flatMap((split): PlannedItem[] => {
    const own = bySplit.get(split) ?? [];
    return own.length === 0 ? [] : [metadataItem(split, own, settings)];
  });
  return [...pictures, ...tables];
}

function metadataItem(split: Split, rows: readonly PublishedRow[], { classes }: PlanSettings): PlannedItem {
  const path = `imagefolder/${split}/metadata.parquet`;
  const inOrder = dealShards(rows, { maxShardBytes: Infinity, bytesOf: () => 1 }).flatMap(
    (shard) => shard.rows,
  );
  return {
    id: path,
    inputs: {},
    settings: { classes: [...classes] },
    params: { split, rows: rows.length, content: contentOf(inOrder) },
    outputs: [`published/${path}`],
    work: { kind: 'metadata', rows: inOrder } satisfies PublishItem,
  };
}

function classesItem(format: PublishFormat, { classes }: PlanSettings): PlannedItem {
  const path = `${format}/classes.json`;
  return {
    id: path,
    inputs: {},
    settings: { classes: [...classes] },
    outputs: [`published/${path}`],
    work: { kind: 'classes' } satisfies PublishItem,
  };
}

function describing(work: PublishItem, path: string, { publish, described }: PlanSettings): PlannedItem {
  return {
    id: path,
    inputs: {},
    settings: { publish },
    params: { described },
    outputs: [`published/${path}`],
    last: true,
    work,
  };
}

const inputsOf = (rows: readonly PublishedRow[]) =>
  Object.fromEntries(rows.map(({ path, sha256 }) => [path, sha256]));

/** What of the rows goes into a file besides the pictures' bytes, and their order. */
const contentOf = (rows: readonly PublishedRow[]) =>
  sha256(
    canonicalJson(rows.map((row) => [row.name, row.sourceId, row.variant, row.classIndex, row.className])),
  );
