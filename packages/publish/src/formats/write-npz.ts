import { createNpz, textArray, type FileDigest } from '@atelier/artifacts';
import { decodeJpeg } from '@atelier/image';
import { loadedBatches, type ShardFile } from './shard-writer.js';

/**
 * Writes a .npz file: `class_names` (text [C]), `images` (uint8 [N, height, width, 3], RGB), `labels` (int64 [N]),
 * `source_ids` (text [N]), `variants` (int32 [N]).
 */
export async function writeNpz(shard: ShardFile): Promise<FileDigest> {
  const { path, rows, classes, width, height } = shard;
  const npz = await createNpz(path);
  try {
    const pixels = async function* () {
      for await (const batch of loadedBatches(shard)) {
        for (const { jpeg } of batch) yield (await decodeJpeg(jpeg)).data;
      }
    };
    const [names, ids] = [textArray(classes), textArray(rows.map(({ sourceId }) => sourceId))];
    await npz.add('class_names', names, [names.data]);
    await npz.add('images', { dtype: 'uint8', shape: [rows.length, height, width, 3] }, pixels());
    const labels = BigInt64Array.from(rows, ({ classIndex }) => BigInt(classIndex));
    await npz.add('labels', { dtype: 'int64', shape: [rows.length] }, [labels]);
    await npz.add('source_ids', ids, [ids.data]);
    const variants = Int32Array.from(rows, ({ variant }) => variant);
    await npz.add('variants', { dtype: 'int32', shape: [rows.length] }, [variants]);
    return await npz.commit();
  } catch (error) {
    await npz.abort();
    throw error;
  }
}
