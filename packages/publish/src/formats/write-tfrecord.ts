import { createAtomicFile, type FileDigest } from '@atelier/artifacts';
import { loadedBatches, type LoadedRow, type ShardFile } from './shard-writer.js';

/**
 * Writes a TFRecord file of `tf.train.Example`s with the feature names of TensorFlow's model garden (image/encoded,
 * image/class/label …). A record is its length, its bytes, and of both a CRC-32C, masked.
 * Source: tensorflow.org/tutorials/load_data/tfrecord.
 */
export async function writeTfrecord(shard: ShardFile): Promise<FileDigest> {
  const { encodeExample } = await import('./example-message.js');
  const { default: crc32c } = await import('crc-32/crc32c.js');
  /** Rotated right by 15 bits, plus a constant: a checksum of data that holds checksums stays a good one. */
  const masked = (bytes: Uint8Array) => {
    const crc = crc32c.buf(bytes) >>> 0;
    return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  };
  const file = await createAtomicFile(shard.path);
  try {
    for await (const batch of loadedBatches(shard)) {
      for (const loaded of batch) {
        const record = encodeExample(exampleFeatures(loaded, shard));
        const head = Buffer.alloc(12);
        head.writeBigUInt64LE(BigInt(record.byteLength));
        head.writeUInt32LE(masked(head.subarray(0, 8)), 8);
        const tail = Buffer.alloc(4);
        tail.writeUInt32LE(masked(record));
        await file.write(Buffer.concat([head, record, tail]));
      }
    }
    return await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

function exampleFeatures({ row, jpeg }: LoadedRow, { width, height }: ShardFile) {
  const text = (value: string) => [Buffer.from(value)];
  const number = (value: number) => [BigInt(value)];
  return {
    'image/class/label': number(row.classIndex),
    'image/class/text': text(row.className),
    'image/encoded': [jpeg],
    'image/filename': text(`${row.name}.jpg`),
    'image/format': text('jpeg'),
    'image/height': number(height),
    'image/source_id': text(row.sourceId),
    'image/variant': number(row.variant),
    'image/width': number(width),
  };
}
