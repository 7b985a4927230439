import { readFileSync } from 'node:fs';
import { AtelierError, canonicalJson, compareCodePoints, type Json } from '@atelier/core';
import { sha256, type FileDigest } from './digest.js';
import { readError } from './file-errors.js';
import { createAtomicFile } from './write-atomic.js';

/** A file that a stage wrote. */
export type ManifestOutput = {
  /** Relative to the dataset, "/"-separated. */
  readonly path: string;
  readonly sizeBytes: number;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly sha256: string;
};

/** Why an item was set aside instead of made. */
export type ManifestQuarantine = {
  /** The file at fault. */
  readonly path: string;
  /** What is wrong with it. */
  readonly reason: string;
  /** How to mend it. */
  readonly remedy: string;
  /** An ErrorCode. */
  readonly code: string;
  /**
   * The limits of dataset.json that it was refused by, with their values, where these are no part of its key: with
   * others it is tried again.
   */
  readonly limits?: { readonly [name: string]: number } | undefined;
};

/** One thing a stage made, or could not make. */
export type ManifestItem = {
  readonly id: string;
  /** What it was made from, as a digest: equal keys need no new work. */
  readonly key: string;
  /** What it reads, each with the digest of what was there. */
  readonly inputs?: { readonly [name: string]: string } | undefined;
  readonly outputs: readonly ManifestOutput[];
  readonly quarantine?: ManifestQuarantine | undefined;
  /** What else decided the result, such as the split. */
  readonly params?: { readonly [name: string]: Json } | undefined;
  /** What the stage found out while making it. */
  readonly data?: { readonly [name: string]: Json } | undefined;
};

/** What holds for the whole stage; further members are the stage's own. */
export type ManifestHeader = {
  /** The stage's name. */
  readonly stage: string;
  /** The stage's version: another one makes everything anew. */
  readonly version: number | string;
  /** The part of the configuration that the stage reads. */
  readonly config: Json;
  readonly [extra: string]: Json | undefined;
};

/** All that a stage folder holds and what it was made from. */
export interface Manifest {
  readonly header: ManifestHeader;
  /** By id, in code-point order when read. */
  readonly items: ReadonlyMap<string, ManifestItem>;
}

/**
 * The file of a source picture, by what ingest (its own copy, where the picture lay inside a container) or resize (what
 * it read) says of it: relative to the dataset, where `images/` stands for the folder of pictures.
 */
export function sourceFile({ inputs = {}, outputs }: Pick<ManifestItem, 'inputs' | 'outputs'>): {
  readonly path: string;
  readonly sha256: string;
} {
  const [copy] = outputs;
  const [[path, sha256]] = Object.entries(inputs) as [[string, string]];
  return copy === undefined ? { path, sha256 } : { path: copy.path, sha256: copy.sha256 };
}

/** A manifest's name in a stage folder. */
export const manifestFileName = 'manifest.jsonl';

const format = 'atelier-manifest';
const formatVersion = 1;
const linesPerWrite = 1000;

/** The bytes of manifests that were read: what is kept is written as it was. */
const bytesOf = new WeakMap<Manifest, Buffer>();

/**
 * Writes a manifest atomically: a line for the header, a line for each item in code-point order of the ids, a last
 * line with their number and the SHA-256 of all bytes before it. Every line is canonical JSON, so equal manifests
 * are equal bytes.
 * @param previous a manifest that was read: items that both hold as one and the same object keep their lines
 * @throws AtelierError WRITE_FAILED or DISK_FULL; WRITE_FAILED also when an item's id is not its key in the map or an
 * output's path leaves the dataset
 */
export async function writeManifest(
  path: string,
  manifest: Manifest,
  previous?: Manifest,
): Promise<FileDigest> {
  const file = await createAtomicFile(path);
  try {
    await file.write(`${canonicalJson({ ...manifest.header, format, formatVersion })}\n`);
    for (const chunk of itemChunks(manifest, previous, path)) await file.write(chunk);
    await file.write(endLine(manifest.items.size, file.digest()));
    return await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

/** The lines of all items, in order: of those that are kept, as many as follow each other at once. */
function* itemChunks(
  manifest: Manifest,
  previous: Manifest | undefined,
  path: string,
): Generator<string | Uint8Array> {
  const { bytes, places } = keptLines(manifest, previous);
  let lines: string[] = [];
  let kept: [start: number, end: number] = [0, 0];
  for (const id of [...manifest.items.keys()].sort(compareCodePoints)) {
    const place = places.get(id);
    if (place?.[0] === kept[1]) kept[1] = place[1];
    else {
      if (kept[1] > 0) yield bytes.subarray(...kept);
      kept = place === undefined ? [0, 0] : [...place];
    }
    if (place === undefined) lines.push(itemLine(id, manifest.items.get(id), path));
    if (lines.length === linesPerWrite || (place !== undefined && lines.length > 0)) {
      yield lines.join('');
      lines = [];
    }
  }
  yield kept[1] > 0 ? bytes.subarray(...kept) : lines.join('');
}

/** Where the lines of the items that stay as they are lie in the bytes of the manifest before. */
function keptLines(manifest: Manifest, previous: Manifest | undefined) {
  const bytes = previous && bytesOf.get(previous);
  const places = new Map<string, readonly [start: number, end: number]>();
  if (previous === undefined || bytes === undefined) return { bytes: Buffer.alloc(0), places };
  let start = bytes.indexOf(0x0a) + 1;
  for (const [id, item] of previous.items) {
    const end = bytes.indexOf(0x0a, start) + 1;
    if (manifest.items.get(id) === item) places.set(id, [start, end]);
    start = end;
  }
  return { bytes, places };
}

/**
 * Reads a manifest and proves it whole.
 * @returns undefined when there is none
 * @throws AtelierError READ_FAILED, or MANIFEST_DAMAGED naming the line: cut, edited, out of order, of a format that
 * this version does not know
 */
export async function readManifest(path: string): Promise<Manifest | undefined> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path); // in one go: nothing else can be done before it is parsed
  } catch (error) {
    const failure = readError('read the manifest', path, error);
    if (failure.code === 'ARTIFACT_MISSING') return undefined;
    throw failure;
  }
  const lines = bytes.toString('utf8').split('\n');
  const fail = (line: number, problem: string) => damaged(path, `line ${line}: ${problem}`);
  const header = readHeader(lines[0] ?? '', fail);
  if (lines.pop() !== '')
    throw fail(lines.length + 1, 'it does not end with a line end, so the file was cut');
  const endAt = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
  const expectedEnd = endLine(lines.length - 2, sha256(bytes.subarray(0, endAt)));
  const items = readItems(lines, fail);
  if (`${lines.at(-1)}\n` !== expectedEnd) throw wrongEnd(lines, fail);
  const manifest = { header, items };
  bytesOf.set(manifest, bytes);
  return manifest;
}

/** The last line: how many items there are, and the SHA-256 of all bytes before it. */
export function endLine(items: number, digest: string): string {
  return `${canonicalJson({ end: true, items, sha256: digest })}\n`;
}

function itemLine(id: string, item: ManifestItem | undefined, path: string): string {
  const problem = item?.id === id ? itemProblem(item) : `its id is ${JSON.stringify(item?.id)}`;
  if (item !== undefined && problem === undefined) return `${canonicalJson(item)}\n`;
  throw new AtelierError({
    code: 'WRITE_FAILED',
    action: 'write the manifest',
    path,
    problem: `item ${JSON.stringify(id)}: ${problem}`,
    hint: 'This is a mistake in the program.',
  });
}

/** Makes the error for a line. */
export type Fail = (line: number, problem: string) => AtelierError;

/** The first line. @throws AtelierError MANIFEST_DAMAGED */
export function readHeader(line: string, fail: Fail): ManifestHeader {
  const parsed = parseLine(line);
  if (parsed?.['format'] !== format) throw fail(1, `it does not say "format":"${format}"`);
  const { format: _format, formatVersion: version, ...header } = parsed;
  if (version !== formatVersion) {
    throw fail(
      1,
      `it has format version ${JSON.stringify(version)}, and this program knows ${formatVersion}`,
    );
  }
  if (
    typeof header['stage'] !== 'string' ||
    header['version'] === undefined ||
    header['config'] === undefined
  ) {
    throw fail(1, 'it lacks stage, version or config');
  }
  return header as ManifestHeader;
}

/** All lines but the first and the last. */
function readItems(lines: readonly string[], fail: Fail): Map<string, ManifestItem> {
  const items = new Map<string, ManifestItem>();
  let last: string | undefined;
  for (let i = 1; i < lines.length - 1; i++) {
    const item = parseLine(lines[i] as string) as ManifestItem | undefined;
    const problem = item === undefined ? 'it is not a JSON object' : itemProblem(item);
    if (item === undefined || problem !== undefined) throw fail(i + 1, problem ?? '');
    if (last !== undefined && compareCodePoints(last, item.id) >= 0) {
      throw fail(i + 1, `item ${JSON.stringify(item.id)} is out of order`);
    }
    last = item.id;
    items.set(item.id, item);
  }
  return items;
}

/** What is wrong with the last line. */
function wrongEnd(lines: readonly string[], fail: Fail): AtelierError {
  const end = parseLine(lines.at(-1) ?? '');
  if (lines.length < 2 || end?.['end'] !== true)
    return fail(lines.length, 'the end mark is missing, so the file was cut');
  if (end['items'] !== lines.length - 2) {
    return fail(
      lines.length,
      `it counts ${JSON.stringify(end['items'])} items, and there are ${lines.length - 2}`,
    );
  }
  return fail(
    lines.length,
    `its digest is not that of lines 1 to ${lines.length - 1}, so one of them was edited`,
  );
}

/** The JSON object of a line; undefined where it is none. */
export function parseLine(line: string): { readonly [key: string]: Json | undefined } | undefined {
  try {
    const value = JSON.parse(line) as Json;
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as { readonly [key: string]: Json | undefined })
      : undefined;
  } catch {
    return undefined;
  }
}

/** What is wrong with an item; undefined where nothing is. */
export function itemProblem(item: ManifestItem): string | undefined {
  if (typeof item.id !== 'string' || typeof item.key !== 'string') return 'it lacks an id or a key';
  if (!Array.isArray(item.outputs)) return 'it lacks its outputs';
  for (const output of item.outputs as readonly Partial<ManifestOutput>[]) {
    if (typeof output.sizeBytes !== 'number' || typeof output.sha256 !== 'string' || !isBelow(output.path)) {
      return `its output ${JSON.stringify(output.path)} lacks its size or digest, or is not below the dataset`;
    }
  }
  return undefined;
}

/** An empty part, "." or ".." between the slashes of a path. */
const strayPart = /(?:^|\/)\.{0,2}(?:\/|$)/;

/** True for a path that stays below the folder it is relative to. */
function isBelow(path: unknown): boolean {
  return typeof path === 'string' && !strayPart.test(path);
}

/** The error of a manifest that is not whole. */
export function damaged(path: string, problem: string): AtelierError {
  return new AtelierError({
    code: 'MANIFEST_DAMAGED',
    action: 'read the manifest',
    path,
    problem,
    hint: 'Delete it: the stage then makes everything anew.',
  });
}
