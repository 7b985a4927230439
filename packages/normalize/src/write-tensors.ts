import {
  createNpz,
  createTensorShard,
  writeNpy,
  type FileDigest,
  type WritableNpyArray,
} from '@atelier/artifacts';
import type { DatasetConfig } from '@atelier/core';
import { decodeJpeg } from '@atelier/image';
import type { ProcessContext } from '@atelier/stage';
import type { ChannelStatistics } from './channel-statistics.js';
import { pixelEncoder, type PixelTensor } from './encode-pixels.js';
import type { NormalizeItem, SampleRow } from './plan-items.js';

/** How tensors are made and where pictures come from. */
export interface TensorFormat {
  /** [height, width, 3]. */
  readonly shape: readonly [number, number, number];
  readonly dtype: DatasetConfig['normalize']['dtype'];
  readonly statistics: ChannelStatistics | null;
  readonly read: ProcessContext['read'];
}

/** One file to write. */
export interface TensorFile extends Pick<NormalizeItem, 'split' | 'rows'> {
  /** Absolute. */
  readonly path: string;
}

/** Pictures that are decoded at once. */
const LOOKAHEAD = 4;

/** Writes an Arrow shard: one row per sample, the tensor as `arrow.fixed_shape_tensor`. */
export async function writeShard(
  { path, split, rows }: TensorFile,
  format: TensorFormat,
): Promise<FileDigest> {
  const { shape, dtype, statistics } = format;
  const shard = await createTensorShard(path, {
    shape,
    dimNames: ['H', 'W', 'C'],
    dtype,
    columns: { sample_id: 'utf8', source_id: 'utf8', variant: 'int32', class_index: 'int32' },
    metadata: {
      'atelier.split': split,
      'atelier.normalize': JSON.stringify({ scale: dtype === 'uint8' ? 1 / 255 : 1, ...statistics }),
    },
  });
  try {
    for await (const [row, tensor] of tensors(rows, format)) {
      const values = {
        sample_id: row.sampleId,
        source_id: row.sourceId,
        variant: row.variant,
        class_index: row.classIndex,
      };
      await shard.append([{ tensor, values }]);
    }
    return await shard.commit();
  } catch (error) {
    await shard.abort();
    throw error;
  }
}

/** Writes the tensor of one sample as .npy [height, width, 3]. */
export async function writeNpyFile({ path, rows }: TensorFile, format: TensorFormat): Promise<FileDigest> {
  const { shape, dtype } = format;
  for await (const [, data] of tensors(rows, format)) {
    return writeNpy(path, { dtype, shape, data } as WritableNpyArray);
  }
  throw new RangeError('a .npy file holds one sample');
}

/** Writes a split as .npz: `images` [N, height, width, 3] and `labels` int32 [N], rows by sampleId. */
export async function writeNpzFile({ path, rows }: TensorFile, format: TensorFormat): Promise<FileDigest> {
  const npz = await createNpz(path);
  try {
    const pictures = async function* () {
      for await (const [, tensor] of tensors(rows, format)) yield tensor;
    };
    await npz.add('images', { dtype: format.dtype, shape: [rows.length, ...format.shape] }, pictures());
    const labels = Int32Array.from(rows, (row) => row.classIndex);
    await npz.add('labels', { dtype: 'int32', shape: [rows.length] }, [labels]);
    return await npz.commit();
  } catch (error) {
    await npz.abort();
    throw error;
  }
}

/** The rows with their tensors, in order; a few pictures are decoded ahead. */
async function* tensors(
  rows: readonly SampleRow[],
  format: TensorFormat,
): AsyncGenerator<[row: SampleRow, tensor: PixelTensor]> {
  const encode = pixelEncoder(format.dtype, format.statistics);
  const decode = async (row: SampleRow) => decodeJpeg(await format.read(row.path, row.sha256));
  const ahead: Promise<Awaited<ReturnType<typeof decode>>>[] = [];
  const begin = (row: SampleRow | undefined) => {
    if (row === undefined) return;
    const started = decode(row);
    started.catch(() => undefined); // its error is thrown where it is awaited
    ahead.push(started);
  };
  rows.slice(0, LOOKAHEAD).forEach(begin);
  for (const [i, row] of rows.entries()) {
    const { data } = await (ahead.shift() as (typeof ahead)[number]);
    begin(rows[i + LOOKAHEAD]);
    yield [row, encode(data)];
  }
}
