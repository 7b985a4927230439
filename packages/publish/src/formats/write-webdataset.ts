import { createAtomicFile, type FileDigest } from '@atelier/artifacts';
import type { PublishedRow } from '../plan/published-rows.js';
import { loadedBatches, type ShardFile } from './shard-writer.js';

/** The first moment there is: equal pictures give equal bytes. */
const mtime = new Date(0);

/**
 * Writes a tar shard as WebDataset reads it: of each picture `<key>.jpg`, `<key>.cls` (the class index as decimal
 * text) and `<key>.json` (label, class name, sourceId, variant), one after another.
 * Source: the format's description, github.com/webdataset/webdataset.
 */
export async function writeWebdataset(shard: ShardFile): Promise<FileDigest> {
  const { pack: createPack } = await import('tar-stream');
  const file = await createAtomicFile(shard.path);
  const pack = createPack();
  const add = (name: string, content: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      const header = {
        name,
        mtime,
        mode: 0o644,
        uid: 0,
        gid: 0,
        uname: '',
        gname: '',
        type: 'file' as const,
      };
      pack.entry(header, Buffer.from(content.buffer, content.byteOffset, content.byteLength), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  const fill = async () => {
    for await (const batch of loadedBatches(shard)) {
      for (const { row, jpeg } of batch) {
        await add(`${row.name}.jpg`, jpeg);
        await add(`${row.name}.cls`, Buffer.from(String(row.classIndex)));
        await add(`${row.name}.json`, Buffer.from(JSON.stringify(sampleJson(row))));
      }
    }
    pack.finalize();
  };
  try {
    const filled = fill().catch((error: unknown) => void pack.destroy(error as Error));
    for await (const chunk of pack) await file.write(chunk as Uint8Array);
    await filled;
    return await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

const sampleJson = ({ classIndex, className, sourceId, variant }: PublishedRow) => ({
  label: classIndex,
  class_name: className,
  source_id: sourceId,
  variant,
});
