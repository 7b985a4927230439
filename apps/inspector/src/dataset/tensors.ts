import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  fromFloat16,
  openTensorShard,
  type ElementData,
  type ElementType,
  type ManifestItem,
  type TensorShard,
} from '@atelier/artifacts';
import { insideOf } from './picture-files.js';
import type { StageIndex } from './stage-index.js';

/** Where a sample's tensor lies. */
export interface TensorPlace {
  readonly item: ManifestItem;
  /** Relative to the dataset. */
  readonly path: string;
  readonly row: number;
}

/** A tensor's values, whatever dtype they are stored in. */
export interface TensorValues {
  /** [height, width, channels]. */
  readonly shape: readonly number[];
  readonly dtype: ElementType;
  readonly values: Float32Array | Uint8Array;
}

/** Bins of a histogram. */
export const BINS = 64;

/**
 * Finds the shard and the row of a sample. Shards' lines are long, so they are searched as bytes and only the right one
 * is parsed.
 * @returns null where no shard holds it
 */
export async function findTensor(normalize: StageIndex, sampleId: string): Promise<TensorPlace | null> {
  const needle = Buffer.from(`[${JSON.stringify(sampleId)},`);
  const file = await open(normalize.path);
  try {
    for (const [id, { place }] of normalize.items) {
      if (!/^(?:train|validation|test)-\d+-of-\d+$/.test(id)) continue; // per-picture files repeat what shards hold
      const line = Buffer.alloc(place.length);
      await file.read(line, 0, place.length, place.offset);
      if (!line.includes(needle)) continue;
      const item = JSON.parse(line.toString('utf8')) as ManifestItem;
      const row = samplesOf(item).indexOf(sampleId);
      const path = item.outputs[0]?.path;
      if (row >= 0 && path !== undefined) return { item, path, row };
    }
    return null;
  } finally {
    await file.close();
  }
}

/** The sampleIds of a shard's rows, in order. */
export function samplesOf(item: ManifestItem): string[] {
  const samples = (item.params?.['samples'] ?? []) as readonly (readonly [string, number])[];
  return samples.map(([sampleId]) => sampleId);
}

/** Opens a shard by its path in the manifest. @throws AtelierError as openTensorShard, or for a path out of the dataset */
export async function openShard(root: string, path: string): Promise<TensorShard> {
  return openTensorShard(await insideOf([root], resolve(root, path)));
}

/** Reads one row. */
export function readTensor(shard: TensorShard, row: number): TensorValues {
  const { shape, dtype } = shard;
  return { shape, dtype, values: plainValues(dtype, shard.readRow(row)) };
}

function plainValues(dtype: ElementType, elements: ElementData[ElementType]): Float32Array | Uint8Array {
  return dtype === 'float16' ? fromFloat16(elements as Uint16Array) : (elements as Float32Array | Uint8Array);
}

/** What a channel's values are like. */
export interface ChannelSummary {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Of the values as a whole population. */
  readonly std: number;
  /** How many values each of {@link BINS} equal parts of the range holds. */
  readonly bins: number[];
}

/** Sums up each channel of tensors. @param range what the bins divide; values outside count in the outer ones */
export function summarizeChannels(
  tensors: Iterable<TensorValues>,
  range: readonly [number, number],
): ChannelSummary[] {
  const [low, high] = range;
  const scale = BINS / (high - low || 1);
  const sums = [0, 1, 2].map(() => ({
    min: Infinity,
    max: -Infinity,
    sum: 0,
    squares: 0,
    count: 0,
    bins: new Array<number>(BINS).fill(0),
  }));
  for (const { values, shape } of tensors) {
    const channels = shape[2] ?? 1;
    for (let i = 0; i < values.length; i++) {
      const of = sums[i % channels] as (typeof sums)[number];
      const value = values[i] as number;
      if (value < of.min) of.min = value;
      if (value > of.max) of.max = value;
      of.sum += value;
      of.squares += value * value;
      of.count += 1;
      const bin = Math.max(0, Math.min(BINS - 1, Math.floor((value - low) * scale)));
      of.bins[bin] = (of.bins[bin] as number) + 1;
    }
  }
  return sums
    .filter(({ count }) => count > 0)
    .map(({ min, max, sum, squares, count, bins }) => {
      const mean = sum / count;
      return { min, max, mean, std: Math.sqrt(Math.max(0, squares / count - mean * mean)), bins };
    });
}

/**
 * A tensor as a coarse map: the mean over each block of pixels and over the channels wanted.
 * @param channel 0-2, or null for all of them
 * @returns rows of at most `side` values
 */
export function heatMap({ values, shape }: TensorValues, channel: number | null, side: number): number[][] {
  const [height = 0, width = 0, channels = 1] = shape;
  const rows = Math.min(side, height);
  const columns = Math.min(side, width);
  const taken = channel === null ? Array.from({ length: channels }, (_, c) => c) : [channel];
  const edge = (i: number, parts: number, length: number) => Math.floor((i * length) / parts);
  return Array.from({ length: rows }, (_, r) =>
    Array.from({ length: columns }, (__, c) => {
      let [sum, count] = [0, 0];
      for (let y = edge(r, rows, height); y < edge(r + 1, rows, height); y++) {
        for (let x = edge(c, columns, width); x < edge(c + 1, columns, width); x++) {
          for (const k of taken) sum += values[(y * width + x) * channels + k] as number;
          count += taken.length;
        }
      }
      return sum / count;
    }),
  );
}
