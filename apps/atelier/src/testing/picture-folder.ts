/** For tests only: folders of small pictures, and what lies in a folder. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { sha256 } from '@atelier/artifacts';

/** Settings that keep a test dataset small and quick to make. */
export const SMALL = { resize: { width: 16, height: 16 }, augment: { imagesPerSource: 2 } };

/** Makes a folder of pictures, every one another. @param classes how many pictures each class has */
export async function makePictures(folder: string, classes: Readonly<Record<string, number>>): Promise<void> {
  for (const [index, [name, count]] of Object.entries(classes).entries()) {
    await mkdir(join(folder, name), { recursive: true });
    for (let i = 0; i < count; i++) {
      await writeFile(join(folder, name, `${i}.jpg`), await picture(index * 100 + i));
    }
  }
}

/** A JPEG of 24x24 pixels, noise of its own for each seed, so that no two are near-duplicates. */
export async function picture(seed: number): Promise<Uint8Array> {
  const { encodeJpeg } = await import('@atelier/image');
  let state = seed + 1;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24;
  const data = Uint8Array.from({ length: 24 * 24 * 3 }, random);
  return encodeJpeg({ data, width: 24, height: 24 }, 90);
}

/**
 * Every file below a folder with its digest and modification time: equal where nothing was touched.
 * @param folders takes the folders' own modification times too, which show files that came and went
 */
export async function snapshot(
  folder: string,
  { folders = false }: { folders?: boolean } = {},
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mtimeMs } = await stat(path);
    if (entry.isFile()) found[relative(folder, path)] = `${sha256(await readFile(path))} ${mtimeMs}`;
    else if (folders) found[relative(folder, path)] = String(mtimeMs);
  }
  return found;
}
