import path from 'node:path';
import { digestFile, manifestFileName, readManifest, type ManifestItem } from '@atelier/artifacts';
import { AtelierError, SPLITS, STAGES, type DatasetConfig, type Split } from '@atelier/core';
import { refuseLinksOut } from '@atelier/stage';

/** One Arrow file of a split. */
export interface ShardPlace {
  /** Absolute. */
  readonly path: string;
  readonly rows: number;
}

/** What the normalize stage wrote, as its manifest says: plain data, so that another thread can be given it. */
export interface NormalizedDataset {
  readonly classNames: readonly string[];
  /** Of one picture: [height, width, 3]. */
  readonly shape: readonly [number, number, number];
  readonly dtype: 'float32' | 'float16' | 'uint8';
  /** Stored values are (pixel / 255 - mean) / std per channel; null = 0 and 1. uint8 stores the pixels. */
  readonly mean: readonly number[] | null;
  readonly std: readonly number[] | null;
  /** How the pictures were resized. */
  readonly resize: DatasetConfig['resize'];
  /** The shards of each split in their order; a split without pictures has none. */
  readonly shards: Readonly<Record<Split, readonly ShardPlace[]>>;
  /** SHA-256 of the manifest, which names the digest of every shard. */
  readonly sha256: string;
}

/** The members of the manifest's header that are read here. */
interface Header {
  classes?: string[];
  shape?: [number, number, number];
  dtype?: NormalizedDataset['dtype'];
  mean?: number[] | null;
  std?: number[] | null;
  config?: { resize?: DatasetConfig['resize'] };
}

/**
 * Reads what the normalize stage of a dataset wrote.
 * @param root the dataset's folder
 * @throws AtelierError INPUT_MISSING where it has not run, MANIFEST_DAMAGED, READ_FAILED where links lead out of the dataset
 */
export async function readNormalizedDataset(root: string): Promise<NormalizedDataset> {
  const folder = path.join(root, STAGES.normalize);
  const file = path.join(folder, manifestFileName);
  await refuseLinksOut(root, [file], 'read');
  const manifest = await readManifest(file);
  if (manifest === undefined) {
    throw new AtelierError({
      code: 'INPUT_MISSING',
      action: 'read the tensors',
      path: folder,
      problem: 'the dataset has not been preprocessed',
      hint: 'Run "npx atelier preprocess" first.',
    });
  }
  const { classes, shape, dtype, mean, std, config } = manifest.header as Header;
  const resize = config?.resize;
  if (classes === undefined || shape?.[2] !== 3 || dtype === undefined || resize === undefined) {
    throw new AtelierError({
      code: 'MANIFEST_DAMAGED',
      action: 'read the tensors',
      path: file,
      problem: 'its header lacks the classes, the shape [height, width, 3], the dtype or the resize settings',
      hint: 'Run "npx atelier preprocess" again.',
    });
  }
  const shards = shardsBySplit(root, [...manifest.items.values()]);
  await refuseLinksOut(
    root,
    Object.values(shards).flatMap((places) => places.map((place) => place.path)),
    'read',
  );
  return {
    classNames: classes,
    shape,
    dtype,
    mean: mean ?? null,
    std: std ?? null,
    resize,
    shards,
    sha256: (await digestFile(file)).sha256,
  };
}

/** The manifest's paths are relative to the dataset. */
function shardsBySplit(root: string, items: readonly ManifestItem[]): NormalizedDataset['shards'] {
  const shardsOf = (split: Split) =>
    items
      .filter(({ params }) => params?.['kind'] === 'shard' && params['split'] === split)
      .flatMap(({ params, outputs }) =>
        outputs.map((output) => ({ path: path.join(root, output.path), rows: Number(params?.['rows']) })),
      );
  return Object.fromEntries(SPLITS.map((split) => [split, shardsOf(split)])) as Record<Split, ShardPlace[]>;
}

/** Rows of a split. */
export const rowCount = (dataset: NormalizedDataset, split: Split): number =>
  dataset.shards[split].reduce((sum, shard) => sum + shard.rows, 0);
