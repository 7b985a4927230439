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
  let [number, items, offset] = [0, 0, 0];
  let lastId: string | undefined;
  const take = (text: string, length: number) => {
    number += 1;
    if (number === 1) header = readHeader(text, fail);
    else {
      const item = parseLine(text) as ManifestItem | undefined;
      const problem = item === undefined ? 'it is not a JSON object' : itemProblem(item);
      if (item === undefined || problem !== undefined) throw fail(number, problem ?? '');
      if (lastId !== undefined && compareCodePoints(lastId, item.id) >= 0) {
        throw fail(number, `item ${JSON.stringify(item.id)} is out of order`);
      }
      lastId = item.id;
      items += 1;
      visit(item, { offset, length });
    }
    offset += length + 1;
  };
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunksOf(file)) {
    const bytes = Buffer.concat([rest, chunk]);
    // the last whole line is kept back: only when another one follows is it known not to be the end mark
    const whole = bytes.lastIndexOf(LINE_END, bytes.lastIndexOf(LINE_END) - 1) + 1;
    const known = bytes.lastIndexOf(LINE_END) < 1 ? 0 : whole;
    rest = bytes.subarray(known);
    if (known === 0) continue;
    hash.update(bytes.subarray(0, known));
    for (const text of bytes.toString('utf8', 0, known - 1).split('\n')) take(text, Buffer.byteLength(text));
  }
  if (rest.at(-1) !== LINE_END) {
    throw fail(number + 2, 'it does not end with a line end, so the file was cut');
  }
  if (header === undefined) throw fail(1, 'it does not hold a header and an end mark');
  if (rest.toString('utf8') !== endLine(items, hash.digest('hex'))) {
    throw fail(number + 1, 'the end mark is missing or does not fit what stands before it');
  }
  return header;
}

const LINE_END = 0x0a;

/** The bytes of a file, in order. */
async function* chunksOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (;;) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES);
    if (bytesRead === 0) return;
    yield chunk.subarray(0, bytesRead);
  }
}
