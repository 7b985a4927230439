import { openTensorShard, type TensorShard } from '@atelier/artifacts';
import { AtelierError, type Split } from '@atelier/core';
import type { NormalizedDataset, ShardPlace } from './normalized-dataset.js';
import { pixelDecoder, type StoredElements } from './pixel-decoder.js';

/** A split that is open for reading by row; the pictures stay on the disk. */
export interface OpenSplit {
  readonly rows: number;
  readonly sampleIds: readonly string[];
  readonly sourceIds: readonly string[];
  /** int32 [rows], class indices, each known to be a class. */
  readonly labels: Int32Array;
  /** Reads one row's pixels, uint8 [height, width, 3]; synchronous. */
  readPixels(row: number, target: Uint8Array): void;
  close(): void;
}

/**
 * Opens all shards of a split.
 * @throws AtelierError ARTIFACT_MISSING or ARTIFACT_DAMAGED where a shard is not what the manifest says, INPUT_INVALID
 * where a label is no class
 */
export async function openSplit(dataset: NormalizedDataset, split: Split): Promise<OpenSplit> {
  const shards: TensorShard[] = [];
  const close = () => shards.forEach((shard) => shard.close());
  try {
    for (const place of dataset.shards[split]) shards.push(await openShard(dataset, place));
    const labels = Int32Array.from(shards.flatMap((shard) => [...shard.column('class_index', 'int32')]));
    const sampleIds = shards.flatMap((shard) => shard.column('sample_id', 'utf8'));
    checkLabels(dataset, labels, sampleIds);
    return {
      rows: labels.length,
      sampleIds,
      sourceIds: shards.flatMap((shard) => shard.column('source_id', 'utf8')),
      labels,
      readPixels: pixelReader(dataset, shards),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

async function openShard(dataset: NormalizedDataset, place: ShardPlace): Promise<TensorShard> {
  const shard = await openTensorShard(place.path);
  const found = `${shard.rows} rows of ${shard.dtype} ${shard.shape.join('x')}`;
  const wanted = `${place.rows} rows of ${dataset.dtype} ${dataset.shape.join('x')}`;
  if (found === wanted) return shard;
  shard.close();
  throw new AtelierError({
    code: 'ARTIFACT_DAMAGED',
    action: 'read the shard',
    path: place.path,
    problem: `it holds ${found}, the manifest says ${wanted}`,
    hint: 'Run "npx atelier preprocess" again.',
  });
}

function checkLabels(dataset: NormalizedDataset, labels: Int32Array, sampleIds: readonly string[]): void {
  const classes = dataset.classNames.length;
  const row = labels.findIndex((label) => !(label >= 0 && label < classes));
  if (row < 0) return;
  throw new AtelierError({
    code: 'INPUT_INVALID',
    action: 'use the labels',
    sampleId: sampleIds[row],
    problem: `its class index is ${labels[row]}, and there are ${classes} classes (0 to ${classes - 1})`,
    hint: 'Run "npx atelier preprocess" again.',
  });
}

function pixelReader(dataset: NormalizedDataset, shards: readonly TensorShard[]): OpenSplit['readPixels'] {
  const decode = pixelDecoder(dataset);
  // where each shard begins
  const starts: number[] = [];
  shards.reduce((start, shard) => (starts.push(start), start + shard.rows), 0);
  let scratch: StoredElements | undefined;
  return (row, target) => {
    let i = starts.length - 1;
    while (i > 0 && (starts[i] as number) > row) i--;
    const shard = shards[i] as TensorShard;
    scratch = shard.readRow(row - (starts[i] as number), scratch);
    decode(scratch, target);
  };
}
