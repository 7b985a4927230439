import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { compareCodePoints } from '@atelier/core';
import { readError } from './file-errors.js';
import {
  damaged,
  endLine,
  itemProblem,
  parseLine,
  readHeader,
  type Fail,
  type ManifestHeader,
  type ManifestItem,
} from './manifest.js';

/** Where an item's line stands in its manifest, in bytes. */
export interface ManifestPlace {
  readonly offset: number;
  readonly length: number;
}

const CHUNK_BYTES = 1 << 20;

/**
 * Reads a manifest item by item and proves it whole, as {@link readManifest} does, holding one line at a time: for
 * those who need a part of each item of a large manifest.
 * @param visit called for every item, in order; what it was called for holds only when this returns
 * @returns the header; undefined when there is no manifest
 * @throws AtelierError READ_FAILED or MANIFEST_DAMAGED naming the line
 */
export async function scanManifest(
  path: string,
  visit: (item: ManifestItem, place: ManifestPlace) => void,
): Promise<ManifestHeader | undefined> {
  let file: FileHandle;
  try {
    file = await open(path);
  } catch (error) {
    const failure = readError('read the manifest', path, error);
    if (failure.code === 'ARTIFACT_MISSING') return undefined;
    throw failure;
  }
  try {
    return await scan(file, path, visit);
  } finally {
    await file.close();
  }
}

/** Reads one item of a manifest that has been scanned. @throws AtelierError MANIFEST_DAMAGED where it has changed */
export async function readManifestLine(path: string, place: ManifestPlace): Promise<ManifestItem> {
  const file = await open(path).catch((error: unknown) => {
    throw readError('read the manifest', path, error);
  });
  try {
    const buffer = Buffer.alloc(place.length);
    await file.read(buffer, 0, place.length, place.offset);
    const item = parseLine(buffer.toString('utf8')) as ManifestItem | undefined;
    if (item === undefined || itemProblem(item) !== undefined) {
      throw damaged(path, 'it was changed while it was read');
    }
    return item;
  } finally {
    await file.close();
  }
}

async function scan(
  file: FileHandle,
  path: string,
  visit: (item: ManifestItem, place: ManifestPlace) => void,
): Promise<ManifestHeader> {
  const fail: Fail = (line, problem) => damaged(path, `line ${line}: ${problem}`);
  const hash = createHash('sha256');
  let header: ManifestHeader | undefined;
  let number = 0;
  let items = 0;
  let lastId: string | undefined;
  /** The line before: only when another one follows is it known not to be the last. */
  let held: { line: Buffer; offset: number } | undefined;
  const take = ({ line, offset }: { line: Buffer; offset: number }) => {
    number += 1;
    hash.update(line).update('\n');
    const text = line.toString('utf8');
    if (number === 1) {
      header = readHeader(text, fail);
      return;
    }
    const item = parseLine(text) as ManifestItem | undefined;
    const problem = item === undefined ? 'it is not a JSON object' : itemProblem(item);
    if (item === undefined || problem !== undefined) throw fail(number, problem ?? '');
    if (lastId !== undefined && compareCodePoints(lastId, item.id) >= 0) {
      throw fail(number, `item ${JSON.stringify(item.id)} is out of order`);
    }
    lastId = item.id;
    items += 1;
    visit(item, { offset, length: line.length });
  };
  for await (const next of linesOf(file)) {
    if (next === 'cut') {
      throw fail(number + 2, 'it does not end with a line end, so the file was cut');
    }
    if (held !== undefined) take(held);
    held = next;
  }
  if (header === undefined || held === undefined) throw fail(1, 'it does not hold a header and an end mark');
  if (`${held.line.toString('utf8')}\n` !== endLine(items, hash.digest('hex'))) {
    throw fail(number + 1, 'the end mark is missing or does not fit what stands before it');
  }
  return header;
}

/** The lines of a file with their offsets; `cut` where the last one has no line end. */
async function* linesOf(file: FileHandle): AsyncGenerator<{ line: Buffer; offset: number } | 'cut'> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  for (;;) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES);
    if (bytesRead === 0) break;
    const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      yield { line: bytes.subarray(start, end), offset: offset + start };
      start = end + 1;
    }
    rest = bytes.subarray(start);
    offset += start;
  }
  if (rest.length > 0) yield 'cut';
}
