import { createReadStream } from 'node:fs';
import type { Header } from 'tar-stream';
import { notAPicture } from '../list-tree.js';
import { escapeOf } from '../path-finder.js';
import type { ContainerColumns, ContainerIndex, FoundEntry, RefusedEntry } from './contained.js';
import { unreadable } from './container-error.js';

/** A label or a record beside a picture that is larger than this is none. */
const MAX_TEXT_BYTES = 1 << 20;

/** With where an entry's content begins, which the package's types leave out. */
type TarHeader = Header & { readonly byteOffset: number };

/** What belongs to one key: a picture, its label, its record. */
interface Sample {
  picture?: { name: string; offset: number; sizeBytes: number };
  readonly texts: Map<string, string>;
}

/**
 * What a WebDataset tar shard holds: samples of `<key>.<extension>`; the label is the `.cls`, or the field `label` of
 * the `.json`, or else the first folder of the key. Content of pictures is passed over; nothing is unpacked.
 * @param path absolute
 * @param container its path below the folder of pictures
 * @throws AtelierError INPUT_INVALID for a file that is cut off or no tar
 */
export async function tarIndex(
  path: string,
  container: string,
  columns: ContainerColumns,
): Promise<ContainerIndex> {
  const { extract } = await import('tar-stream');
  const samples = new Map<string, Sample>();
  const refused: RefusedEntry[] = [];
  const tar = extract();
  const source = createReadStream(path);
  source.on('error', (error) => tar.destroy(error));
  source.pipe(tar);
  try {
    for await (const entry of tar) {
      const header = entry.header as TarHeader;
      const problem = header.type === 'directory' ? undefined : refusal(header);
      if (problem !== undefined) refused.push({ name: header.name, ...problem });
      const text = problem === undefined ? await take(header, entry, samples) : undefined;
      if (text !== undefined) refused.push(text);
      entry.resume();
    }
  } catch (error) {
    throw unreadable(path, 'tar archive', error);
  } finally {
    source.destroy();
  }
  const entries = [...samples].flatMap(([key, sample]) =>
    entryOf({ key, sample, container, columns }, refused),
  );
  return { entries, refused, classNames: undefined };
}

/** Why an entry is not looked at: it is no plain file, or its name leads elsewhere. */
function refusal({ type, name }: Header): { problem: string; remedy: string } | undefined {
  const remedy = 'Write the archive anew without it.';
  if (type !== 'file' && type !== 'contiguous-file')
    return { problem: `it is a ${type}, not a file`, remedy };
  const escape = escapeOf(name);
  return escape === undefined ? undefined : { problem: `${escape}, inside an archive`, remedy };
}

/** Notes what an entry is of its sample. @returns the refusal of one that there is no room for */
async function take(
  { name, size = 0, type, byteOffset }: TarHeader,
  content: AsyncIterable<unknown>,
  samples: Map<string, Sample>,
): Promise<RefusedEntry | undefined> {
  // the key ends at the first dot of the file's name: webdataset's base_plus_ext
  const match = /^((?:.*\/)?[^./][^./]*)\.([^/]*)$/su.exec(name.replace(/^(?:\.\/)+/, ''));
  if (type === 'directory' || match === null) return undefined;
  const [, key, extension] = match as unknown as [string, string, string];
  const sample: Sample = samples.get(key) ?? { texts: new Map() };
  samples.set(key, sample);
  const field = extension.toLowerCase();
  if (field === 'cls' || field === 'json') {
    if (size > MAX_TEXT_BYTES) return { name, problem: `it has ${size} bytes`, remedy: 'A label is short.' };
    if (sample.texts.has(field)) return twice(name);
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk as Uint8Array);
    sample.texts.set(field, Buffer.concat(chunks).toString('utf8'));
  } else if (isPicture(field)) {
    if (sample.picture !== undefined) return twice(name);
    sample.picture = { name, offset: byteOffset, sizeBytes: size };
  }
  return undefined;
}

const isPicture = (extension: string) =>
  !['txt', 'npy', 'pyd', 'pt', 'pth'].includes(extension) && notAPicture(`x.${extension}`) === undefined;

const twice = (name: string): RefusedEntry => ({
  name,
  problem: 'its key has such an entry already',
  remedy: 'Give each sample a key of its own, with one picture and one label.',
});

function entryOf(
  of: { key: string; sample: Sample; container: string; columns: ContainerColumns },
  refused: RefusedEntry[],
): FoundEntry[] {
  const { key, sample, container, columns } = of;
  if (sample.picture === undefined) return [];
  const { name, offset, sizeBytes } = sample.picture;
  const record = jsonOf(sample.texts.get('json'));
  if (record === null) {
    const remedy = 'Write the archive anew with a valid record.';
    refused.push({ name, problem: `the record ${key}.json beside it is no JSON object`, remedy });
    return [];
  }
  const field = (column: string) => {
    const value = Object.hasOwn(record, column) ? record[column] : undefined;
    return typeof value === 'string' || typeof value === 'number' ? value : undefined;
  };
  const cls = sample.texts.get('cls')?.trim();
  const folder = key.includes('/') ? key.slice(0, key.indexOf('/')) : undefined;
  const split = columns.split === null ? undefined : field(columns.split);
  return [
    {
      name,
      at: { kind: 'tar', container, offset, sizeBytes },
      label: cls === undefined ? (field(columns.label) ?? folder) : /^\d+$/.test(cls) ? Number(cls) : cls,
      split: split === undefined ? undefined : String(split),
    },
  ];
}

/** A record; empty where there is none, null where it is not one. */
function jsonOf(text: string | undefined): Readonly<Record<string, unknown>> | null {
  if (text === undefined) return {};
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
