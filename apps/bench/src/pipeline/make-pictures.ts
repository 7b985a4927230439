import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { randomStream } from '@atelier/core';
import { encodeJpeg } from '@atelier/image';

/** Pictures to be made up. */
export interface MadePictures {
  readonly count: number;
  readonly classes: number;
  /** Sides in pixels. */
  readonly width: number;
  readonly height: number;
  /** Side of the squares of one colour that a picture consists of. */
  readonly patch: number;
}

/** Where the i-th picture goes, below images/. */
export const pictureName = (index: number, { classes }: Pick<MadePictures, 'classes'>): string =>
  `class_${String(index % classes).padStart(2, '0')}/${String(index).padStart(6, '0')}.jpg`;

/**
 * Fills a folder with pictures of random patches, each another one, always the same ones. A folder that is finished
 * (its stamp, written last, says so) is left as it is.
 */
export async function makePictures(folder: string, wanted: MadePictures): Promise<void> {
  const stamp = path.join(folder, '.made.json');
  const text = JSON.stringify(wanted);
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === text) return;
  for (let i = 0; i < wanted.classes; i++) {
    await mkdir(path.dirname(path.join(folder, pictureName(i, wanted))), { recursive: true });
  }
  for (let i = 0; i < wanted.count; i++) {
    await writeFile(path.join(folder, pictureName(i, wanted)), await pictureOf(String(i), wanted));
  }
  await writeFile(stamp, text);
}

/** One JPEG of random patches, decided by its name. */
export async function pictureOf(
  name: string,
  { width, height, patch }: Pick<MadePictures, 'width' | 'height' | 'patch'>,
): Promise<Uint8Array> {
  const random = randomStream(1, ['bench', name]);
  const columns = Math.ceil(width / patch);
  const colours = Uint8Array.from({ length: columns * Math.ceil(height / patch) * 3 }, () =>
    random.below(256),
  );
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (Math.floor(y / patch) * columns + Math.floor(x / patch)) * 3;
      data.set(colours.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return encodeJpeg({ data, width, height }, 90);
}
