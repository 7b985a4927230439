import type { Manifest } from '@atelier/artifacts';
import type { DatasetConfig } from '@atelier/core';
import type { Outcome, Stage } from '@atelier/stage';
import { channelStatistics, valueRange } from './channel-statistics.js';
import { planItems, sampleRows, type NormalizeItem } from './plan-items.js';
import { bytesPerValue } from './encode-pixels.js';
import { writeNpyFile, writeNpzFile, writeShard, type TensorFormat } from './write-tensors.js';

type Config = { resize: DatasetConfig['resize']; normalize: DatasetConfig['normalize'] };

/**
 * Stage 6. Every picture as a tensor [height, width, 3]: (pixel / 255 - mean) / std, in Arrow shards per split
 * (and, on request, one .npy per picture and one .npz per split). A source and its variants lie in one shard,
 * chosen by a hash of the sourceId, so that a changed picture rewrites one shard.
 */
export const normalize: Stage<Config> = {
  name: 'normalize',
  version: 1,
  noun: 'file',
  inputs: ['resize', 'labels', 'augment'],

  config: ({ resize, normalize }) => ({ resize, normalize }),

  async plan({ upstream, config }) {
    const { resize, labels, augment } = upstream as { resize: Manifest; labels: Manifest; augment: Manifest };
    const classes = labels.header['classes'] as string[];
    const rows = sampleRows(augment, classes);
    const statistics = channelStatistics(config.normalize, { resize, rows });
    const { width, height } = config.resize;
    const { dtype } = config.normalize;
    const pictureBytes = width * height * 3 * bytesPerValue(dtype);
    return {
      items: planItems(rows, { config, statistics, pictureBytes }),
      header: {
        classes,
        shape: [height, width, 3],
        dtype,
        valueRange: valueRange(dtype, statistics),
        scale: dtype === 'uint8' ? 1 / 255 : 1,
        mean: statistics?.mean ?? null,
        std: statistics?.std ?? null,
      },
      sizeBytes: (item) => (item.work as NormalizeItem).rows.length * pictureBytes,
    };
  },

  async process([item], context) {
    if (item === undefined) return [];
    const { kind, split, rows, statistics } = item.work as NormalizeItem;
    const { width, height } = context.config.resize;
    const format: TensorFormat = {
      shape: [height, width, 3],
      dtype: context.config.normalize.dtype,
      statistics,
      read: context.read,
    };
    const path = item.outputs[0] as string;
    const target = { path: await context.stagedPath(path), split, rows };
    const write = { shard: writeShard, npy: writeNpyFile, npz: writeNpzFile }[kind];
    const digest = await write(target, format);
    return [{ outputs: [{ path, ...digest }] }] satisfies Outcome[];
  },
};
