/**
 * For tests only: a dataset of easily told classes, as the stages leave one, without running them: sources, settings,
 * and the tensors with their manifest.
 */
// jest's module loader stumbles over the first load of these by several dynamic imports at once
import 'apache-arrow';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createTensorShard, toFloat16, writeManifest, type ManifestItem } from '@atelier/artifacts';
import { parseDatasetConfig, randomStream, sampleId, SPLITS, type Split } from '@atelier/core';
import { encodeJpeg, prepareImage } from '@atelier/image';

/** What {@link writeSyntheticDataset} writes. */
export interface SyntheticDataset {
  /** Sources of each class in each split. */
  readonly perClass: Readonly<Record<Split, number>>;
  /** Sides of a picture in pixels; 32 by default. */
  readonly side?: number;
  readonly dtype?: 'float32' | 'float16' | 'uint8';
  readonly standardize?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** Rows of a shard at most; 16 by default. */
  readonly shardRows?: number;
  /** The `train` part of dataset.json. */
  readonly train?: object;
}

/** The classes: each has a hue of its own. */
export const CLASS_NAMES = ['blau', 'grün', 'rot 🎨', 'weiß'] as const;
const HUES = [
  [40, 60, 200],
  [50, 180, 60],
  [210, 50, 40],
  [215, 215, 215],
] as const;

interface Row {
  readonly sourceId: string;
  readonly classIndex: number;
  readonly pixels: Uint8Array;
}

/** Writes the dataset into a folder; equal arguments give equal bytes. */
export async function writeSyntheticDataset(root: string, options: SyntheticDataset): Promise<void> {
  const { side = 32, dtype = 'float32', standardize, train = {} } = options;
  const settings = { resize: { width: side, height: side }, normalize: { dtype }, train };
  await mkdir(root, { recursive: true });
  await writeFile(path.join(root, 'dataset.json'), JSON.stringify(settings));
  const config = parseDatasetConfig(settings, 'dataset.json');
  const items = new Map<string, ManifestItem>();
  for (const split of SPLITS) {
    const rows = await sources(root, { ...options, side, split, config });
    for (const item of await writeShards(root, { ...options, split, rows, side, dtype }))
      items.set(item.id, item);
  }
  await writeManifest(path.join(root, 'normalized', 'manifest.jsonl'), {
    header: {
      stage: 'normalize',
      version: 1,
      config: { resize: config.resize, normalize: config.normalize },
      classes: [...CLASS_NAMES],
      shape: [side, side, 3],
      dtype,
      mean: standardize?.mean ?? null,
      std: standardize?.std ?? null,
    },
    items,
  });
}

interface SourceOptions extends SyntheticDataset {
  readonly side: number;
  readonly split: Split;
  readonly config: ReturnType<typeof parseDatasetConfig>;
}

/** Writes the pictures of a split below images/ and prepares them as the resize stage does. */
async function sources(root: string, { perClass, side, split, config }: SourceOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [classIndex, className] of CLASS_NAMES.entries()) {
    await mkdir(path.join(root, 'images', className), { recursive: true });
    for (let i = 0; i < perClass[split]; i++) {
      const sourceId = `${className}/${split} ${i}.jpg`;
      const data = picture(side, { classIndex, name: sourceId });
      const jpeg = await encodeJpeg({ data, width: side, height: side }, 90);
      await writeFile(path.join(root, 'images', sourceId), jpeg);
      const { pixels } = await prepareImage(jpeg, config);
      rows.push({ sourceId, classIndex, pixels });
    }
  }
  return rows;
}

/** Noise around the class's hue, and a dark bar. */
function picture(side: number, { classIndex, name }: { classIndex: number; name: string }): Uint8Array {
  const random = randomStream(11, ['picture', name]);
  const bar = random.below(side);
  return Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const hue = (HUES[classIndex] as readonly number[])[i % 3] as number;
    const x = Math.floor(i / 3) % side;
    return Math.max(0, Math.min(255, hue + random.below(60) - 30 - (Math.abs(x - bar) < 2 ? 40 : 0)));
  });
}

interface ShardOptions extends SyntheticDataset {
  readonly split: Split;
  readonly rows: readonly Row[];
  readonly side: number;
  readonly dtype: 'float32' | 'float16' | 'uint8';
}

async function writeShards(root: string, options: ShardOptions): Promise<ManifestItem[]> {
  const { split, rows, side, dtype, shardRows = 16 } = options;
  const items: ManifestItem[] = [];
  for (let start = 0; start < rows.length; start += shardRows) {
    const id = `${split}-${String(items.length).padStart(5, '0')}`;
    const output = `normalized/${id}.arrow`;
    const shard = await createTensorShard(path.join(root, output), {
      shape: [side, side, 3],
      dimNames: ['H', 'W', 'C'],
      dtype,
      columns: { sample_id: 'utf8', source_id: 'utf8', variant: 'int32', class_index: 'int32' },
    });
    const members = rows.slice(start, start + shardRows);
    for (const { sourceId, classIndex, pixels } of members) {
      const values = {
        sample_id: sampleId(sourceId, 0),
        source_id: sourceId,
        variant: 0,
        class_index: classIndex,
      };
      await shard.append([{ tensor: encode(pixels, options), values }]);
    }
    const digest = await shard.commit();
    const params = { kind: 'shard', split, rows: members.length };
    items.push({ id, key: digest.sha256, params, outputs: [{ path: output, ...digest }] });
  }
  return items;
}

function encode(pixels: Uint8Array, { dtype, standardize }: Pick<ShardOptions, 'dtype' | 'standardize'>) {
  if (dtype === 'uint8') return pixels;
  const values = Float32Array.from(
    pixels,
    (value, i) => (value / 255 - (standardize?.mean[i % 3] ?? 0)) / (standardize?.std[i % 3] ?? 1),
  );
  return dtype === 'float16' ? toFloat16(values) : values;
}
