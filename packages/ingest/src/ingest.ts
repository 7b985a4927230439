import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sha256, type ManifestQuarantine } from '@atelier/artifacts';
import type { DatasetConfig } from '@atelier/core';
import { probeImage, refuseImage } from '@atelier/image';
import { quarantineOf, type Outcome, type PlanContext, type PlannedItem, type Stage } from '@atelier/stage';
import { listSources, type RefusedRow } from './list-sources.js';
import { listTree } from './list-tree.js';
import { listingWarnings } from './listing-warnings.js';

type Config = { limits: { maxPixels: number; maxFileBytes: number } };

/**
 * Stage 1. Lists the pictures and records what each one is: class, size, SHA-256, width, height, format,
 * orientation. Writes its manifest and nothing else; the pictures stay where they are. A row of the table of labels
 * that cannot be obeyed is an item in quarantine.
 */
export const ingest: Stage<Config> = {
  name: 'ingest',
  version: 1,
  noun: 'picture',
  inputs: [],

  config: ({ limits }: DatasetConfig) => ({
    limits: { maxPixels: limits.maxPixels, maxFileBytes: limits.maxFileBytes },
  }),

  // the content of a table of labels is not part of it: the plan asks for its digest
  async fingerprint({ root, dataset }) {
    const { images, layout, labels } = dataset;
    const { encodings: _encodings, ...table } = labels;
    return sha256(JSON.stringify([images, layout, table, await listTree(resolve(root, images))]));
  },

  async plan({ root, dataset, digests }) {
    const { images, labels } = dataset;
    const table = await tableDigest({ root, csv: labels.csv, digests }); // before it is read
    const listing = await listSources(root, dataset);
    const { classNames, sources, refused, skipped } = listing;
    const digestOf = await digests(sources.map(({ id }) => join(images, id)));
    const items = sources.map(({ id, className, split }): PlannedItem => ({
      id,
      inputs: { [`images/${id}`]: digestOf.get(join(images, id)) as string },
      params: { className, ...(split !== undefined && { split }) },
      outputs: [],
    }));
    return {
      items: [...items, ...refused.map(refusedItem)],
      header: { classNames, skipped, ...(table !== undefined && { table }) },
      warnings: listingWarnings(listing),
    };
  },

  async process([item], { root, read, dataset, config }) {
    const { work } = item as PlannedItem;
    if (work !== undefined) return [{ quarantine: work as ManifestQuarantine }];
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

/** The digest of the table of labels; undefined where there is none, or none is there: reading it says so better. */
async function tableDigest({
  root,
  csv,
  digests,
}: Pick<PlanContext, 'root' | 'digests'> & { csv: string | null }): Promise<string | undefined> {
  if (csv === null || !existsSync(resolve(root, csv))) return undefined;
  return (await digests([csv])).get(csv);
}

function refusedItem({ id, path, reason, remedy }: RefusedRow): PlannedItem {
  const quarantine: ManifestQuarantine = { code: 'INPUT_INVALID', path, reason, remedy };
  return { id, inputs: {}, params: { problem: reason }, outputs: [], work: quarantine };
}
