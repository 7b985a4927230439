import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sha256 } from '@atelier/artifacts';
import { classNameOf, type DatasetConfig } from '@atelier/core';
import { probeImage, refuseImage } from '@atelier/image';
import { quarantineOf, type Outcome, type PlannedItem, type Stage } from '@atelier/stage';
import { listSources } from './list-sources.js';
import { listingWarnings } from './listing-warnings.js';

type Config = { limits: { maxPixels: number; maxFileBytes: number } };

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

  async fingerprint({ root, dataset }) {
    const listing = await listSources(resolve(root, dataset.images));
    return sha256(JSON.stringify([dataset.images, listing]));
  },

  async plan({ root, dataset, digests }) {
    const listing = await listSources(resolve(root, dataset.images));
    const { classFolders, sourceIds, skipped } = listing;
    const digestOf = await digests(sourceIds.map((id) => join(dataset.images, id)));
    const items = sourceIds.map((id): PlannedItem => ({
      id,
      inputs: { [`images/${id}`]: digestOf.get(join(dataset.images, id)) as string },
      params: { className: classNameOf(id) },
      outputs: [],
    }));
    return { items, header: { classFolders, skipped }, warnings: listingWarnings(listing) };
  },

  async process([item], { root, read, dataset, config }) {
    const [[name, sha256]] = Object.entries((item as PlannedItem).inputs) as [[string, string]];
    try {
      const path = join(dataset.images, (item as PlannedItem).id);
      const { size } = statSync(resolve(root, path), { throwIfNoEntry: false }) ?? { size: 0 };
      if (size > config.limits.maxFileBytes) {
        throw refuseImage(
          `it has ${size} bytes, more than limits.maxFileBytes ${config.limits.maxFileBytes}`,
          'Shrink it, or raise limits.maxFileBytes in dataset.json.',
        );
      }
      const bytes = await read(path, sha256);
      const header = await probeImage(bytes, config.limits);
      return [{ outputs: [], data: { ...header, sizeBytes: bytes.length } }];
    } catch (error) {
      return [{ quarantine: quarantineOf(error, name) }] satisfies Outcome[];
    }
  },
};
