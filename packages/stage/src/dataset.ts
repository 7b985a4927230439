import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AtelierError, parseDatasetConfig, withOverrides, type DatasetConfig } from '@atelier/core';
import { closest } from 'fastest-levenshtein';

/** A dataset on disk. */
export interface Dataset {
  /** Its folder, absolute. */
  readonly root: string;
  readonly config: DatasetConfig;
}

/**
 * Opens a dataset: reads its dataset.json (an absent one counts as `{}` where there is a folder of pictures)
 * and fills in every default.
 * @param overrides `--set` values, for this run only
 * @throws AtelierError DATASET_MISSING, CONFIG_UNREADABLE, CONFIG_UNKNOWN_KEY or CONFIG_INVALID
 */
export async function openDataset(folder: string, overrides: readonly string[] = []): Promise<Dataset> {
  const root = resolve(folder);
  const path = join(root, 'dataset.json');
  const content = existsSync(path) ? await readJson(path) : await absentConfig(root);
  return { root, config: parseDatasetConfig(withOverrides(content, overrides), path) };
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse((await readFile(path, 'utf8')).replace(/^\uFEFF/u, '')) as unknown;
  } catch (error) {
    throw new AtelierError({
      code: 'CONFIG_UNREADABLE',
      action: 'read the configuration',
      path,
      problem: (error as Error).message,
      hint: 'Correct the JSON; {} is a valid file.',
      cause: error,
    });
  }
}

async function absentConfig(root: string): Promise<unknown> {
  if (existsSync(join(root, 'images'))) return {};
  const beside = await readdir(dirname(root), { withFileTypes: true }).catch(() => []);
  const datasets = beside
    .filter((entry) => entry.isDirectory() && existsSync(join(dirname(root), entry.name, 'dataset.json')))
    .map((entry) => entry.name)
    .sort();
  throw new AtelierError({
    code: 'DATASET_MISSING',
    action: 'open the dataset',
    path: root,
    problem: existsSync(root)
      ? 'it holds neither dataset.json nor a folder images/'
      : 'there is no such folder',
    hint: datasets.length > 0 ? nearest(basename(root), datasets) : MAKE_ONE,
  });
}

const MAKE_ONE = 'Make one with "npx atelier init DIR --images PATH".';
/** How many datasets are named. */
const NAMED = 10;

function nearest(name: string, datasets: readonly string[]): string {
  const more = datasets.length > NAMED ? ` and ${datasets.length - NAMED} more` : '';
  return `Did you mean ${closest(name, datasets)}? Datasets there: ${datasets.slice(0, NAMED).join(', ')}${more}.`;
}
