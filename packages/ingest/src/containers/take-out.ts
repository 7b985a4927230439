import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AtelierError } from '@atelier/core';
import { refuseImage, refuseSize } from '@atelier/image';
import type { PlannedItem } from '@atelier/stage';
import type { Contained } from './contained.js';
import { openParquet } from './parquet-file.js';

/** The size and modification time of a container when it was looked into. */
export interface Seen {
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** What the making of an item out of a container goes by. */
export interface TakeOut {
  readonly at: Contained;
  /** Absolute. */
  readonly path: string;
  readonly seen: Seen;
}

/** How a container stands now. */
export async function seenNow(path: string): Promise<Seen> {
  const { size, mtimeMs } = await stat(path);
  return { sizeBytes: size, mtimeMs };
}

/**
 * The bytes of the pictures of items of one group (all of one container), or why they cannot be had.
 * @throws AtelierError INPUT_CHANGED where the container is no longer what was planned with
 */
export async function* takeOut(
  items: readonly PlannedItem[],
  maxFileBytes: number,
): AsyncGenerator<[item: PlannedItem, picture: Uint8Array | AtelierError]> {
  const [first] = items.map(({ work }) => work as TakeOut) as [TakeOut];
  await refuseChanged(first);
  const bytes = first.at.kind === 'tar' ? fromTar(items) : fromParquet(items);
  for await (const [item, picture] of bytes) {
    yield [item, picture instanceof Uint8Array ? withinLimit(picture, maxFileBytes) : picture];
  }
  await refuseChanged(first);
}

const withinLimit = (picture: Uint8Array, maxFileBytes: number) =>
  picture.byteLength > maxFileBytes ? refuseSize(picture.byteLength, maxFileBytes) : picture;

async function refuseChanged({ path, seen }: TakeOut): Promise<void> {
  const now = await seenNow(path);
  if (now.sizeBytes === seen.sizeBytes && now.mtimeMs === seen.mtimeMs) return;
  throw new AtelierError({
    code: 'INPUT_CHANGED',
    action: 'take pictures out of',
    path,
    problem: 'it is no longer what was planned with',
    hint: 'Run again when nobody writes to it.',
  });
}

type Bytes = AsyncGenerator<[PlannedItem, Uint8Array | AtelierError]>;

async function* fromTar(items: readonly PlannedItem[]): Bytes {
  const handle = await open((items[0]?.work as TakeOut).path, 'r');
  try {
    for (const item of items) {
      const { at } = item.work as TakeOut;
      const { offset, sizeBytes } = at as Extract<Contained, { kind: 'tar' }>;
      const picture = Buffer.alloc(sizeBytes);
      await handle.read(picture, 0, sizeBytes, offset);
      yield [item, picture];
    }
  } finally {
    await handle.close();
  }
}

async function* fromParquet(items: readonly PlannedItem[]): Bytes {
  const { path, at } = items[0]?.work as TakeOut;
  const { rows, column } = at as Extract<Contained, { kind: 'parquet' }>;
  const file = await openParquet(path);
  try {
    const values = await file.read(column, rows);
    for (const item of items) {
      const { row } = (item.work as TakeOut).at as Extract<Contained, { kind: 'parquet' }>;
      yield [item, pictureIn(values[row - rows[0]])];
    }
  } finally {
    await file.close();
  }
}

/** A cell of the column of pictures: bytes, or {bytes, path} as `datasets` writes it. */
function pictureIn(value: unknown): Uint8Array | AtelierError {
  if (value instanceof Uint8Array) return value;
  const { bytes, path } = (value ?? {}) as { bytes?: unknown; path?: unknown };
  if (bytes instanceof Uint8Array) return bytes;
  return path === undefined || path === null
    ? refuseImage('its cell is empty', 'Remove the row.')
    : refuseImage('its cell holds a path and no bytes', 'Write the file anew with the pictures in it.');
}

/** Where a container lies. */
export const containerPath = (root: string, images: string, { container }: Contained) =>
  resolve(root, images, container);
