import {
  createArrowFile,
  encodeBinaries,
  encodeScalars,
  type FileDigest,
  type WritableField,
} from '@atelier/artifacts';
import { featuresMetadata, rowFeatures } from '../features.js';
import { loadedBatches, type ShardFile } from './shard-writer.js';

const field = (name: string, type: WritableField['type']): WritableField => ({
  name,
  type,
  metadata: new Map(),
  nullable: true, // as in files that `datasets` writes: only then does it take its features over
});

const FIELDS = [
  field('image', { children: [field('bytes', 'binary'), field('path', 'utf8')] }),
  field('label', 'int64'),
  field('source_id', 'utf8'),
  field('variant', 'int32'),
];

/** Writes an Arrow IPC file with the columns of the Parquet files; a record batch holds about 8 MiB. */
export async function writeArrow(shard: ShardFile): Promise<FileDigest> {
  const file = await createArrowFile(shard.path, FIELDS, {
    huggingface: featuresMetadata(rowFeatures(shard.classes)),
  });
  try {
    for await (const batch of loadedBatches(shard)) {
      const rows = batch.map(({ row }) => row);
      const labels = BigInt64Array.from(rows, ({ classIndex }) => BigInt(classIndex));
      const texts = (name: string, values: string[]) => encodeScalars(name, 'utf8', values);
      const paths = rows.map(({ name }) => `${name}.jpg`);
      await file.writeBatch(rows.length, [
        { children: [encodeBinaries(batch.map(({ jpeg }) => jpeg)), texts('path', paths)] },
        [new Uint8Array(labels.buffer)],
        texts(
          'source_id',
          rows.map(({ sourceId }) => sourceId),
        ),
        encodeScalars(
          'variant',
          'int32',
          rows.map(({ variant }) => variant),
        ),
      ]);
    }
    return await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}
