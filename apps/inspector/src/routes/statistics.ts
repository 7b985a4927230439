import { setImmediate as breathe } from 'node:timers/promises';
import { readManifestLine } from '@atelier/artifacts';
import { parseSampleId, SPLITS } from '@atelier/core';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { ArtifactStore } from '../dataset/artifact-store.js';
import { everyNth } from '../dataset/every-nth.js';
import type { PictureRow } from '../dataset/picture-list.js';
import type { StageIndex } from '../dataset/stage-index.js';
import {
  BINS,
  openShard,
  readTensor,
  samplesOf,
  summarizeChannels,
  type TensorValues,
} from '../dataset/tensors.js';
import { failures, type Routes } from '../server/api.js';
import { rangeOf } from './trace.js';

const triple = z.tuple([z.number(), z.number(), z.number()]);

const channelRow = z.object({
  group: z.string(),
  kind: z.enum(['all', 'split', 'class']),
  pictures: z.number(),
  mean: triple.describe('Of red, green, blue of the resized pictures, in [0, 1].'),
  std: triple.describe('Of all their pixels as one population.'),
});

/** Sizes, shapes and colours of the source pictures. */
export const statistics = z.object({
  pictures: z.number(),
  sizes: z
    .array(
      z.object({
        id: z.string(),
        width: z.number(),
        height: z.number(),
        split: z.string(),
        className: z.string(),
      }),
    )
    .describe('Every n-th picture where there are many.'),
  aspects: z
    .array(z.object({ from: z.number(), to: z.number(), count: z.number() }))
    .describe('Width / height.'),
  bytes: z.array(z.object({ from: z.number(), to: z.number(), count: z.number() })),
  formats: z.array(z.object({ format: z.string(), count: z.number() })),
  channels: z.array(channelRow).describe('Empty where resize has not run.'),
});

/** Sizes, shapes and colours of the source pictures. */
export type Statistics = z.infer<typeof statistics>;

/** Histograms of the tensors' channels. */
export const channelHistograms = z.object({
  tensors: z.number().describe('As many were read.'),
  of: z.number().describe('As many there are.'),
  range: z.tuple([z.number(), z.number()]),
  channels: z
    .array(z.array(z.number()))
    .describe('Values in each of the equal parts of the range: red, green, blue.'),
});

/** Histograms of the tensors' channels. */
export type ChannelHistograms = z.infer<typeof channelHistograms>;

/** Points of the scatter plot, and tensors of a histogram. */
const POINTS = 3000;
const TENSORS = 48;

/** What the pictures are like. */
export const statisticsRoutes: Routes = (app, { store }) => {
  app.get(
    '/api/statistics',
    {
      schema: {
        summary: 'Sizes, shapes and colours of the pictures',
        response: { 200: statistics, ...failures },
      },
    },
    () => measure(store),
  );
  const made = new LRUCache<string, ChannelHistograms>({ max: 200 });
  app.get(
    '/api/statistics/channels',
    {
      schema: {
        summary: 'Histograms of the channels of the tensors, of every n-th one where there are many',
        querystring: z.object({ class: z.string().max(1024).optional(), split: z.enum(SPLITS).optional() }),
        response: { 200: channelHistograms, ...failures },
      },
    },
    async ({ query }) => {
      const normalize = await store.stage('normalize');
      if (normalize.kind !== 'read')
        return { tensors: 0, of: 0, range: [0, 1], channels: [] } satisfies ChannelHistograms;
      const key = JSON.stringify([normalize.index.path, digests(normalize.index), query.class, query.split]);
      const found = made.get(key) ?? (await histograms(store, normalize.index, query));
      made.set(key, found);
      return found;
    },
  );
};

const digests = ({ items }: StageIndex) => [...items.values()].map(({ digest }) => digest).join('');

async function measure(store: ArtifactStore): Promise<Statistics> {
  const { rows } = await store.pictures();
  const readable = rows.filter((row) => row.width !== undefined && row.height !== undefined);
  const formats = new Map<string, number>();
  for (const { format = 'unreadable' } of rows) formats.set(format, (formats.get(format) ?? 0) + 1);
  const resize = await store.stage('resize');
  return {
    pictures: rows.length,
    sizes: everyNth(readable, POINTS).map(({ id, width = 0, height = 0, split, className }) => ({
      id,
      width,
      height,
      split: split ?? 'none',
      className,
    })),
    aspects: binned(
      readable.map(({ width = 1, height = 1 }) => width / height),
      Math.log2,
    ),
    bytes: binned(
      rows.flatMap(({ sizeBytes = 0 }) => (sizeBytes > 0 ? [sizeBytes] : [])),
      Math.log2,
    ),
    formats: [...formats].map(([format, count]) => ({ format, count })).sort((a, b) => b.count - a.count),
    channels: resize.kind === 'read' ? channelRows(rows, resize.index) : [],
  };
}

const SCALE_BINS = 24;

/** Bins of equal width on a logarithmic scale, empty ones too. */
function binned(values: readonly number[], scale: (value: number) => number): Statistics['aspects'] {
  if (values.length === 0) return [];
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, scale(value)), Math.max(high, scale(value))];
  if (high - low < 0.5) [low, high] = [(low + high) / 2 - 0.25, (low + high) / 2 + 0.25];
  const step = (high - low) / SCALE_BINS;
  const counts = new Array<number>(SCALE_BINS).fill(0);
  for (const value of values) {
    const bin = Math.min(SCALE_BINS - 1, Math.floor((scale(value) - low) / step));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts.map((count, i) => ({ from: 2 ** (low + i * step), to: 2 ** (low + (i + 1) * step), count }));
}

interface Sums {
  pictures: number;
  readonly mean: number[];
  readonly square: number[];
}

/** Means and standard deviations from those that resize measured; every picture has as many pixels. */
function channelRows(rows: readonly PictureRow[], resize: StageIndex): Statistics['channels'] {
  const groups = new Map<string, Sums>();
  const add = (group: string, mean: readonly number[], square: readonly number[]) => {
    const sums = groups.get(group) ?? { pictures: 0, mean: [0, 0, 0], square: [0, 0, 0] };
    groups.set(group, sums);
    sums.pictures += 1;
    for (let c = 0; c < 3; c++) {
      sums.mean[c] = (sums.mean[c] as number) + (mean[c] as number);
      sums.square[c] = (sums.square[c] as number) + (square[c] as number);
    }
  };
  const splits = new Set<string>();
  const classes = new Set<string>();
  for (const { id, className, split } of rows) {
    const { channelMean, channelMeanSquare } = resize.items.get(id)?.facts ?? {};
    if (channelMean === undefined || channelMeanSquare === undefined) continue;
    add('all', channelMean, channelMeanSquare);
    add(`class ${className}`, channelMean, channelMeanSquare);
    classes.add(className);
    if (split === undefined) continue;
    add(`split ${split}`, channelMean, channelMeanSquare);
    splits.add(split);
  }
  const row = (kind: 'all' | 'split' | 'class', group: string): Statistics['channels'] => {
    const sums = groups.get(kind === 'all' ? 'all' : `${kind} ${group}`);
    if (sums === undefined) return [];
    const at = (c: number) => (sums.mean[c] as number) / sums.pictures;
    const std = (c: number) =>
      Math.sqrt(Math.max(0, (sums.square[c] as number) / sums.pictures - at(c) ** 2));
    return [
      { group, kind, pictures: sums.pictures, mean: [at(0), at(1), at(2)], std: [std(0), std(1), std(2)] },
    ];
  };
  return [
    ...row('all', 'all pictures'),
    ...SPLITS.filter((split) => splits.has(split)).flatMap((split) => row('split', split)),
    ...[...classes].sort().flatMap((className) => row('class', className)),
  ];
}

async function histograms(
  store: ArtifactStore,
  index: StageIndex,
  wanted: { class?: string | undefined; split?: string | undefined },
): Promise<ChannelHistograms> {
  const { byId } = await store.pictures();
  const fits: { path: string; row: number }[] = [];
  for (const [id, { place }] of index.items) {
    if (!/-\d+-of-\d+$/.test(id) || (wanted.split !== undefined && !id.startsWith(`${wanted.split}-`)))
      continue;
    const item = await readManifestLine(index.path, place);
    samplesOf(item).forEach((sampleId, row) => {
      const className = byId.get(parseSampleId(sampleId).sourceId)?.className;
      const path = item.outputs[0]?.path;
      if (path !== undefined && (wanted.class === undefined || className === wanted.class))
        fits.push({ path, row });
    });
    await breathe();
  }
  const chosen = everyNth(fits, TENSORS);
  const bins = [0, 1, 2].map(() => new Array<number>(BINS).fill(0));
  let range: [number, number] = [0, 1];
  for (const path of new Set(chosen.map((place) => place.path))) {
    const shard = await openShard(store.root, path);
    try {
      range = rangeOf(index.header['valueRange'], shard.dtype);
      for (const { row } of chosen.filter((place) => place.path === path)) {
        addBins(bins, readTensor(shard, row), range);
        await breathe(); // others are answered meanwhile
      }
    } finally {
      shard.close();
    }
  }
  return { tensors: chosen.length, of: fits.length, range, channels: chosen.length === 0 ? [] : bins };
}

function addBins(bins: number[][], tensor: TensorValues, range: readonly [number, number]): void {
  summarizeChannels([tensor], range).forEach((channel, c) =>
    channel.bins.forEach((count, i) => {
      const of = bins[c] as number[];
      of[i] = (of[i] as number) + count;
    }),
  );
}
