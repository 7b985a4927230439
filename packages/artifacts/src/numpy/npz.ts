import { readFile } from 'node:fs/promises';
import { AtelierError, compareCodePoints, messageOf } from '@atelier/core';
import type { FileDigest } from '../digest.js';
import { damagedError, readError } from '../file-errors.js';
import { bytesOf, elementCount } from '../elements.js';
import { encodeNpyHeader } from './npy-header.js';
import { decodeNpy, npyHeader, type NpyArray, type WritableNpyArray } from './npy.js';
import { createAtomicFile } from '../write-atomic.js';

/** What is known of an array before its elements are. */
export interface NpzEntry {
  /** numpy's dtype; `U12` is text of up to 12 characters each, see {@link textArray}. */
  readonly dtype: WritableNpyArray['dtype'] | `U${number}`;
  readonly shape: readonly number[];
}

/** A .npz file being written, entry by entry, in constant memory. */
export interface NpzWriter {
  /**
   * Appends one array.
   * @param name its key in `numpy.load(path)`; each name comes after the one before by code point
   * @param entry its dtype and shape
   * @param chunks its elements in C order, in pieces of any length
   */
  add(name: string, entry: NpzEntry, chunks: NpzChunks): Promise<void>;
  /** Gives the file its name. */
  commit(): Promise<FileDigest>;
  /** Removes what was written. */
  abort(): Promise<void>;
}

/** An array's elements in pieces; each piece may be reused once the next is asked for. */
export type NpzChunks = Iterable<ArrayBufferView> | AsyncIterable<ArrayBufferView>;

/** The format's limits without its 64-bit extension, which the zip library does not write. */
const largestBytes = 2 ** 32 - 1;
const mostEntries = 2 ** 16 - 2;
/** The first moment that a zip can name, by its fields: the same bytes in every time zone. */
const epoch = () => new Date(1980, 0, 1);

/**
 * Starts a .npz file: a zip of .npy files, stored without compression, with fixed times, so equal arrays give equal
 * bytes. `numpy.load` reads it.
 * @throws AtelierError WRITE_FAILED, DISK_FULL; WRITE_FAILED also when it would reach 4 GiB, before it is written
 */
export async function createNpz(path: string): Promise<NpzWriter> {
  const { Zip, ZipPassThrough } = await import('fflate');
  const file = await createAtomicFile(path);
  let pieces: Uint8Array[] = [];
  let lastName: string | undefined;
  let plannedBytes = 0;
  let entries = 0;
  const zip = new Zip((error, bytes) => {
    if (error) throw error;
    pieces.push(bytes);
  });
  const flush = async () => {
    const ready = pieces;
    pieces = [];
    for (const piece of ready) await file.write(piece);
  };
  const refuse = (problem: string, hint: string) =>
    new AtelierError({ code: 'WRITE_FAILED', action: 'write the arrays', path, problem, hint });
  const mistake = 'This is a mistake in the program.';

  async function addEntry(name: string, entry: NpzEntry, chunks: NpzChunks): Promise<void> {
    if (lastName !== undefined && compareCodePoints(lastName, name) >= 0) {
      throw refuse(
        `"${name}" comes after "${lastName}"`,
        `${mistake} Add the arrays in the order of their names.`,
      );
    }
    lastName = name;
    const width = textWidth(entry.dtype);
    const header =
      width === undefined
        ? npyHeader(entry.dtype as NumberDtype, entry.shape)
        : encodeNpyHeader(`<U${width}`, entry.shape);
    const bytesEach = width === undefined ? itemBytes[entry.dtype as NumberDtype] : 4 * width;
    const wantedBytes = elementCount(entry.shape) * bytesEach;
    plannedBytes += wantedBytes + header.length + 2 * Buffer.byteLength(name) + 256;
    if (plannedBytes > largestBytes) {
      throw refuse(
        `it would be ${plannedBytes} bytes, and a .npz ends at 4 GiB here`,
        'Use the Arrow shards instead.',
      );
    }
    if (++entries > mostEntries) {
      throw refuse(`it would hold more than ${mostEntries} arrays`, 'Use the Arrow shards instead.');
    }
    const member = new ZipPassThrough(`${name}.npy`);
    member.mtime = epoch();
    zip.add(member);
    member.push(header);
    let foundBytes = 0;
    for await (const chunk of chunks) {
      member.push(bytesOf(chunk));
      foundBytes += chunk.byteLength;
      await flush();
    }
    if (foundBytes !== wantedBytes) {
      throw refuse(`"${name}" has ${foundBytes} bytes, but its shape asks for ${wantedBytes}`, mistake);
    }
    member.push(new Uint8Array(0), true);
    await flush();
  }

  return {
    async add(name, entry, chunks) {
      try {
        await addEntry(name, entry, chunks);
      } catch (error) {
        await file.abort();
        throw error;
      }
    },
    async commit() {
      zip.end();
      await flush();
      return file.commit();
    },
    abort: () => file.abort(),
  };
}

type NumberDtype = WritableNpyArray['dtype'];

/** Characters of each text; undefined for a dtype of numbers. */
const textWidth = (dtype: NpzEntry['dtype']) => (dtype.startsWith('U') ? Number(dtype.slice(1)) : undefined);

/** Texts as numpy keeps them, in UTF-32 of equal width padded with zeros: an entry for {@link NpzWriter.add}. */
export function textArray(texts: readonly string[]): NpzEntry & { readonly data: Uint32Array } {
  const points = texts.map((text) => Array.from(text, (character) => character.codePointAt(0) as number));
  const width = points.reduce((most, { length }) => Math.max(most, length), 1);
  const data = new Uint32Array(texts.length * width);
  points.forEach((text, i) => data.set(text, i * width));
  return { dtype: `U${width}`, shape: [texts.length], data };
}

const itemBytes: Readonly<Record<NumberDtype, number>> = {
  float32: 4,
  float16: 2,
  uint8: 1,
  int32: 4,
  int64: 8,
};

/** Writes whole arrays as a .npz file; see {@link createNpz}. */
export async function writeNpz(
  path: string,
  arrays: Readonly<Record<string, WritableNpyArray>>,
): Promise<FileDigest> {
  const npz = await createNpz(path);
  for (const name of Object.keys(arrays).sort(compareCodePoints)) {
    const array = arrays[name] as WritableNpyArray;
    await npz.add(name, array, [array.data]);
  }
  return npz.commit();
}

/**
 * Reads every array of a .npz file, stored or compressed, into memory.
 * @returns the arrays by name, in the order of the file
 * @throws AtelierError ARTIFACT_MISSING, READ_FAILED or ARTIFACT_DAMAGED. The zip's own checksums are not compared;
 * the manifest's digest is what proves a file whole.
 */
export async function readNpz(path: string): Promise<Map<string, NpyArray>> {
  const { unzipSync } = await import('fflate');
  const action = 'read the arrays';
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw readError(action, path, error);
  }
  let members: Record<string, Uint8Array>;
  try {
    members = unzipSync(bytes);
  } catch (error) {
    throw damagedError(action, path, `it is not a whole zip file (${messageOf(error)})`);
  }
  return new Map(
    Object.entries(members).map(([member, content]) => {
      if (!member.endsWith('.npy'))
        throw damagedError(action, path, `it holds "${member}", which is no .npy`);
      return [member.slice(0, -4), decodeNpy(content, `${path}:${member}`)];
    }),
  );
}
