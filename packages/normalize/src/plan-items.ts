import { createHash } from 'node:crypto';
import type { Manifest } from '@atelier/artifacts';
import {
  AtelierError,
  groupBy,
  printable,
  SPLITS,
  type DatasetConfig,
  type Json,
  type Split,
} from '@atelier/core';
import type { PlannedItem } from '@atelier/stage';
import type { ChannelStatistics } from './channel-statistics.js';

/** One row of the final dataset. */
export interface SampleRow {
  readonly sampleId: string;
  readonly sourceId: string;
  readonly variant: number;
  readonly split: Split;
  readonly classIndex: number;
  /** The JPEG it comes from, relative to the dataset, and its digest. */
  readonly path: string;
  readonly sha256: string;
}

/** What one output file holds. */
export interface NormalizeItem {
  readonly kind: 'shard' | 'npy' | 'npz';
  readonly split: Split;
  readonly rows: readonly SampleRow[];
  readonly statistics: ChannelStatistics | null;
}

/**
 * A shard is at most about this large, in bytes and in rows: small enough to be rewritten for one picture, large
 * enough to be few.
 */
const SHARD_BYTES = 96 * 1024 * 1024;
const SHARD_ROWS = 1024;

/**
 * The rows of the final dataset in the order of their sampleIds, as augment left them.
 * @throws AtelierError INPUT_CHANGED where augment ran with another class table
 */
export function sampleRows(augment: Manifest, classes: readonly string[]): SampleRow[] {
  const indices = new Map(classes.map((name, i) => [name, i]));
  const indexOf = (name: string) => {
    const index = indices.get(name);
    if (index !== undefined) return index;
    throw new AtelierError({
      code: 'INPUT_CHANGED',
      action: 'label the pictures',
      problem: `the stage augment has pictures of the class "${printable(name)}", which the stage labels does not know`,
      hint: 'Run all stages in their order with "npx atelier preprocess".',
    });
  };
  return [...augment.items.values()].map((item) => {
    const [file] = item.outputs as [(typeof item.outputs)[number]];
    const params = item.params as { sourceId: string; variant: number; split: Split; className: string };
    return {
      sampleId: item.id,
      sourceId: params.sourceId,
      variant: params.variant,
      split: params.split,
      classIndex: indexOf(params.className),
      path: file.path,
      sha256: file.sha256,
    };
  });
}

/** What {@link planItems} goes by. */
export interface PlanSettings {
  readonly config: {
    readonly resize: DatasetConfig['resize'];
    readonly normalize: DatasetConfig['normalize'];
  };
  readonly statistics: ChannelStatistics | null;
  /** Bytes of one picture's tensor. */
  readonly pictureBytes: number;
}

/** The files of every split: its shards, and what else dataset.json asks for. */
export function planItems(rows: readonly SampleRow[], settings: PlanSettings): PlannedItem[] {
  const { npy, npz } = settings.config.normalize;
  const bySplit = groupBy(rows, (row) => row.split);
  return SPLITS.flatMap((split) => {
    const own = bySplit.get(split) ?? [];
    if (own.length === 0) return [];
    return [
      ...shards(own, settings.pictureBytes).map((members, i, all) =>
        fileItem(
          { id: shardName(split, i, all.length), extension: '.arrow', kind: 'shard', split, rows: members },
          settings,
        ),
      ),
      ...(npy ? own.map((row) => fileItem(npyFile(row), settings)) : []),
      ...(npz ? [fileItem({ id: split, extension: '.npz', kind: 'npz', split, rows: own }, settings)] : []),
    ];
  });
}

/**
 * Deals sources to shards by a hash of their ids; where there are few sources, a shard may be left with no row. The
 * number of shards is a power of two by the number of samples, so that it seldom changes as a dataset grows.
 */
function shards(rows: readonly SampleRow[], pictureBytes: number): SampleRow[][] {
  const perShard = Math.max(1, Math.min(SHARD_ROWS, Math.floor(SHARD_BYTES / pictureBytes)));
  const count = 2 ** Math.max(0, Math.ceil(Math.log2(rows.length / perShard)));
  const dealt = Array.from({ length: count }, (): SampleRow[] => []);
  let [sourceId, shard] = ['', 0];
  for (const row of rows) {
    // the rows of one source follow each other
    if (row.sourceId !== sourceId) [sourceId, shard] = [row.sourceId, shardOf(row.sourceId, count)];
    (dealt[shard] as SampleRow[]).push(row);
  }
  return dealt;
}

const shardOf = (sourceId: string, count: number) =>
  createHash('sha256').update(sourceId).digest().readUInt32LE(0) % count;

const five = (n: number) => String(n).padStart(5, '0');

const shardName = (split: Split, i: number, count: number) => `${split}-${five(i)}-of-${five(count)}`;

type WantedFile = Pick<NormalizeItem, 'kind' | 'split' | 'rows'> & {
  id: string;
  extension: string;
  folder?: string;
};

function npyFile(row: SampleRow): WantedFile {
  const name = row.path.replace(/^generated_images\//, '').replace(/\.jpg$/, '');
  return {
    id: `npy/${row.sampleId}`,
    extension: '.npy',
    kind: 'npy',
    split: row.split,
    rows: [row],
    folder: `normalized_images/${name}`,
  };
}

function fileItem(wanted: WantedFile, settings: PlanSettings): PlannedItem {
  const { id, extension, kind, split, rows, folder } = wanted;
  const { config, statistics } = settings;
  const { dtype } = config.normalize;
  return {
    id,
    inputs: inputsOf(rows),
    settings: { normalize: { dtype, ...(statistics as Json as object) } },
    params: { kind, split, rows: rows.length, samples: rows.map((row) => [row.sampleId, row.classIndex]) },
    outputs: [`${folder ?? `normalized/${id}`}${extension}`],
    work: { kind, split, rows, statistics } satisfies NormalizeItem,
  };
}

/**
 * The digest of each row's file, by its path. An object without a prototype is a hash table from the start; any other
 * one copies its layout with each of its first thousand members.
 */
function inputsOf(rows: readonly SampleRow[]): Record<string, string> {
  const inputs = Object.create(null) as Record<string, string>;
  for (const { path, sha256 } of rows) inputs[path] = sha256;
  return inputs;
}
