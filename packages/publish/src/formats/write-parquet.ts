import { createAtomicFile, type FileDigest } from '@atelier/artifacts';
import { featuresMetadata, rowFeatures } from '../features.js';
import { loadedBatches, type ShardFile } from './shard-writer.js';

/** Every field may be null by the schema, as in files that `datasets` writes: only then does it take its features over. */
const optional = { repetition_type: 'OPTIONAL' } as const;
const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional } as const;

const SCHEMA = [
  { name: 'schema', num_children: 4 },
  { name: 'image', num_children: 2, ...optional },
  { name: 'bytes', type: 'BYTE_ARRAY', ...optional },
  { name: 'path', ...text },
  { name: 'label', type: 'INT64', ...optional },
  { name: 'source_id', ...text },
  { name: 'variant', type: 'INT32', ...optional },
] as const;

/**
 * Writes a Parquet file as Hugging Face's `datasets` does: the picture as {bytes, path}, and the features (Image,
 * ClassLabel with its names) under the key "huggingface". Pictures are stored as they are, everything else with Snappy;
 * a row group holds about 8 MiB.
 */
export async function writeParquet(shard: ShardFile): Promise<FileDigest> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const file = await createAtomicFile(shard.path);
  const buffer = new ByteWriter();
  const writer = new ParquetWriter({
    writer: buffer,
    schema: SCHEMA.map((element) => ({ ...element })),
    createdBy: 'atelier',
    kvMetadata: [{ key: 'huggingface', value: featuresMetadata(rowFeatures(shard.classes)) }],
  });
  const flush = async () => {
    const bytes = buffer.getBytes();
    buffer.index = 0;
    await file.write(bytes);
  };
  try {
    for await (const batch of loadedBatches(shard)) {
      const column = <T>(value: (loaded: (typeof batch)[number]) => T) => batch.map(value);
      await writer.write({
        rowGroupSize: batch.length,
        columnData: [
          {
            name: 'image',
            data: column(({ row, jpeg }) => ({ bytes: jpeg, path: `${row.name}.jpg` })),
            encoding: 'PLAIN',
            codec: 'UNCOMPRESSED',
            statistics: false,
          },
          { name: 'label', data: column(({ row }) => BigInt(row.classIndex)) },
          { name: 'source_id', data: column(({ row }) => row.sourceId) },
          { name: 'variant', data: column(({ row }) => row.variant) },
        ],
      });
      await flush();
    }
    await writer.finish();
    await flush();
    return await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}
