import { featuresMetadata, rowFeatures } from '../features.js';
import type { PublishedRow } from '../plan/published-rows.js';

/**
 * The table beside the pictures of a folder (metadata.parquet), by which Hugging Face's `datasets` knows the class of each:
 * file_name, label with the names of the classes, source_id, variant. A table of text would lose the classes'
 * order and numbers.
 * @returns the bytes of the Parquet file; 100 bytes or so per picture are held at once
 */
export async function metadataTable(
  rows: readonly PublishedRow[],
  classes: readonly string[],
): Promise<Uint8Array> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const { image: _image, ...others } = rowFeatures(classes);
  const features = { file_name: { dtype: 'string', _type: 'Value' }, ...others };
  const optional = { repetition_type: 'OPTIONAL' } as const;
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional } as const;
  const buffer = new ByteWriter();
  const writer = new ParquetWriter({
    writer: buffer,
    schema: [
      { name: 'schema', num_children: 4 },
      { name: 'file_name', ...text },
      { name: 'label', type: 'INT64', ...optional },
      { name: 'source_id', ...text },
      { name: 'variant', type: 'INT32', ...optional },
    ],
    createdBy: 'atelier',
    kvMetadata: [{ key: 'huggingface', value: featuresMetadata(features) }],
  });
  await writer.write({
    columnData: [
      { name: 'file_name', data: rows.map(({ name }) => `${name}.jpg`) },
      { name: 'label', data: rows.map(({ classIndex }) => BigInt(classIndex)) },
      { name: 'source_id', data: rows.map(({ sourceId }) => sourceId) },
      { name: 'variant', data: rows.map(({ variant }) => variant) },
    ],
  });
  await writer.finish();
  return buffer.getBytes();
}
