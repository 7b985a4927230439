import { join, resolve } from 'node:path';
import { classNameOf, type DatasetConfig } from '@atelier/core';
import { probeImage, refuseImage } from '@atelier/image';
import { quarantineOf, type Outcome, type PlannedItem, type Stage } from '@atelier/stage';
import pMap from 'p-map';
import { listSources } from './list-sources.js';

type Config = { limits: { maxPixels: number; maxFileBytes: number } };

/** Files that are digested at once. */
const READERS = 8;

/**
 * Stage 1. Lists the pictures and records what each one is: class, size, SHA-256, width, height, format,
 * orientation. Writes its manifest and nothing else; the pictures stay where they are.
 */
export const ingest: Stage<Config> = {
  name: 'ingest',
  version: 1,
  noun: 'picture',
  inputs: [],

  config: ({ limits }: DatasetConfig) => ({
    limits: { maxPixels: limits.maxPixels, maxFileBytes: limits.maxFileBytes },
  }),

  async plan({ root, dataset, digest }) {
    const folder = resolve(root, dataset.images);
    const { classFolders, sourceIds, skipped } = await listSources(folder);
    const items = await pMap(
      sourceIds,
      async (id): Promise<PlannedItem> => ({
        id,
        inputs: { [`images/${id}`]: await digest(join(dataset.images, id)) },
        params: { className: classNameOf(id) },
        outputs: [],
      }),
      { concurrency: READERS },
    );
    return { items, header: { classFolders, skipped }, warnings: skippedWarnings(skipped) };
  },

  async process([item], { read, dataset, config }) {
    const [[name, sha256]] = Object.entries((item as PlannedItem).inputs) as [[string, string]];
    try {
      const bytes = await read(join(dataset.images, (item as PlannedItem).id), sha256);
      if (bytes.length > config.limits.maxFileBytes) {
        throw refuseImage(
          `it has ${bytes.length} bytes, more than limits.maxFileBytes ${config.limits.maxFileBytes}`,
          'Shrink it, or raise limits.maxFileBytes in dataset.json.',
        );
      }
      const header = await probeImage(bytes, config.limits);
      return [{ outputs: [], data: { ...header, sizeBytes: bytes.length } }];
    } catch (error) {
      return [{ quarantine: quarantineOf(error, name) }] satisfies Outcome[];
    }
  },
};

/** What was left out though somebody may miss it; what systems leave behind is only recorded. */
function skippedWarnings(skipped: readonly { path: string; reason: string }[]): string[] {
  const notable = skipped.filter(
    ({ reason }) => reason !== 'hidden' && reason !== 'left behind by the system',
  );
  return notable.map(({ path, reason }) => `images/${path} is left out: ${reason}`);
}
