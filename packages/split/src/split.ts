import { join } from 'node:path';
import { sha256, type Manifest, type ManifestOutput } from '@atelier/artifacts';
import { canonicalJson, type DatasetConfig, type Json } from '@atelier/core';
import type { Outcome, PlannedItem, Stage } from '@atelier/stage';
import { assignSplits, type Assignment, type SplitSource } from './assign-splits.js';
import { writeSplitFile, type SplitTable } from './split-files.js';
import { lockFromManifest, mergeLock, readLock } from './split-lock.js';
import { splitWarnings } from './split-warnings.js';

type Config = { seed: number; split: DatasetConfig['split'] };

/** The id of the item that holds the files; no sourceId is without a "/". */
const FILES = 'files';

/** The lock, relative to the dataset: worth committing, like a package lock. */
const LOCK = 'splits/assignments.csv';

/**
 * Stage 4. Assigns every source picture to train, validation or test, before any augmentation: children
 * inherit it. The assignment is kept as a lock, so that a picture once assigned never moves.
 */
export const split: Stage<Config> = {
  name: 'split',
  version: 1,
  noun: 'item',
  inputs: ['resize'],

  config: ({ seed, split }) => ({ seed, split }),

  async plan({ root, upstream, config, previous, resplit }) {
    const { resize } = upstream as { resize: Manifest };
    const lock = resplit ? [] : ((await readLock(join(root, LOCK))) ?? lockFromManifest(previous));
    const result = assignSplits(splitSources(resize), { ...config, lock });
    const { assignments, groups } = result;
    return {
      items: [...assignments.map(rowItem), filesItem({ assignments, lock: mergeLock(lock, assignments) })],
      header: { nearDuplicates: groups as Json },
      warnings: splitWarnings(result, {
        before: previous?.header.config as Config | undefined,
        now: config,
      }),
    };
  },

  async process(items, { stagedPath }) {
    const outcomes: Outcome[] = [];
    for (const { outputs: paths, work } of items) {
      const outputs: ManifestOutput[] = [];
      for (const path of paths) {
        outputs.push({ path, ...(await writeSplitFile(await stagedPath(path), work as SplitTable)) });
      }
      outcomes.push({ outputs });
    }
    return outcomes;
  },
};

/** The pictures that can be used, with what the assignment looks at. */
function splitSources(resize: Manifest): SplitSource[] {
  const usable = [...resize.items.values()].filter((item) => item.quarantine === undefined);
  return usable.map((item) => ({
    id: item.id,
    className: item.params?.['className'] as string,
    sha256: item.inputs?.[`images/${item.id}`] as string,
    dhash: item.data?.['dhash'] as string,
    detail: item.data?.['detail'] as number,
  }));
}

/** The assignment itself is the row: whatever led to it is in the lock and in the settings. */
function rowItem({ id, className, sha256, split }: Assignment): PlannedItem {
  return {
    id,
    inputs: { [`images/${id}`]: sha256 },
    settings: null,
    params: { className, split },
    outputs: [],
    group: 'all',
  };
}

function filesItem(table: SplitTable): PlannedItem {
  const { assignments, lock } = table;
  return {
    id: FILES,
    inputs: {
      assignments: sha256(
        canonicalJson(assignments.map(({ id, className, split }) => [id, className, split])),
      ),
      lock: sha256(canonicalJson(lock.map((entry) => [entry.path, entry.sha256, entry.split]))),
    },
    settings: null,
    outputs: [LOCK, 'splits/splits.arrow', 'splits/splits.csv'],
    group: 'all',
    work: table,
  };
}
