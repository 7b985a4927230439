import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containerError } from './container-error.js';

/** Files in the folder of pictures that may name the classes which labels are indices of. */
export const NAMING_FILES = ['classes.json', 'README.md'] as const;

/**
 * The names of the classes by index: of a `classes.json` (a list of names) or the dataset card (README.md with
 * `dataset_info` in its YAML header) in the folder of pictures; undefined where neither is there or says any.
 * @param folder absolute
 * @throws AtelierError INPUT_INVALID for a file that is there and cannot be read
 */
export async function namesInFolder(folder: string, label: string): Promise<string[] | undefined> {
  for (const file of NAMING_FILES) {
    const path = join(folder, file);
    if (!existsSync(path)) continue;
    const text = await readFile(path, 'utf8');
    const names = file === 'README.md' ? await cardNames(path, text, label) : listedNames(path, text);
    if (names !== undefined) return names;
  }
  return undefined;
}

function listedNames(path: string, text: string): string[] {
  try {
    const names = JSON.parse(text) as unknown;
    if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  } catch (error) {
    throw containerError(path, `it is no JSON (${(error as Error).message})`, error);
  }
  throw containerError(path, 'it is no list of the names of classes');
}

interface Card {
  dataset_info?: CardInfo | CardInfo[];
}
interface CardInfo {
  features?: { name: string; dtype?: { class_label?: { names?: Record<string, unknown> | unknown[] } } }[];
}

async function cardNames(path: string, text: string, label: string): Promise<string[] | undefined> {
  const header = /^---\r?\n(.*?)\r?\n---\r?$/msu.exec(text)?.[1];
  if (header === undefined || !text.startsWith('---')) return undefined;
  const { parse } = await import('yaml');
  let card: Card | null;
  try {
    card = parse(header, { maxAliasCount: 10 }) as Card | null;
  } catch (error) {
    throw containerError(path, `its header is no YAML (${(error as Error).message.split('\n')[0]})`, error);
  }
  const infos = [card?.dataset_info ?? []].flat();
  for (const { features } of infos) {
    const names = features?.find?.(({ name }) => name === label)?.dtype?.class_label?.names;
    if (names === undefined || names === null) continue;
    const byIndex = Object.entries(names).sort(([a], [b]) => Number(a) - Number(b));
    return byIndex.map(([, name]) => String(name));
  }
  return undefined;
}
