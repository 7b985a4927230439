import { join } from 'node:path';
import { sha256, type Manifest, type ManifestOutput } from '@atelier/artifacts';
import { AtelierError, canonicalJson, type DatasetConfig, type Json, type Split } from '@atelier/core';
import { refuseLinksOut, type Outcome, type PlannedItem, type Stage } from '@atelier/stage';
import { assignSplits, type Assignment, type SplitSource } from './assign-splits.js';
import { writeSplitFile, type SplitTable } from './split-files.js';
import { lockFromManifest, mergeLock, readLock } from './split-lock.js';
import { splitWarnings } from './split-warnings.js';

type Config = { seed: number; split: DatasetConfig['split'] };

/** The id of the item that holds the files; no sourceId begins with a "/". */
const FILES = '/files';

/** The lock, relative to the dataset: worth committing, like a package lock. */
const LOCK = 'splits/assignments.csv';

/**
 * Stage 4. Assigns every source picture to train, validation or test, before any augmentation: children
 * inherit it. A split that folders or the table of labels give is honoured; the assignment of all is kept as a lock, so
 * that a picture once assigned never moves.
 */
export const split: Stage<Config> = {
  name: 'split',
  version: 1,
  noun: 'item',
  inputs: ['ingest', 'resize'],

  config: ({ seed, split }) => ({ seed, split }),

  async plan({ root, upstream, config, previous, resplit }) {
    const { ingest, resize } = upstream as { ingest: Manifest; resize: Manifest };
    await refuseLinksOut(root, [join(root, LOCK)], 'read');
    const lock = resplit ? [] : ((await readLock(join(root, LOCK))) ?? lockFromManifest(previous));
    const result = assignSplits(splitSources(ingest, resize), { ...config, lock });
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
function splitSources(ingest: Manifest, resize: Manifest): SplitSource[] {
  const usable = [...resize.items.values()].filter((item) => item.quarantine === undefined);
  return usable.map((item) => {
    const given = givenSplit(ingest, item.id);
    return {
      id: item.id,
      className: item.params?.['className'] as string,
      sha256: Object.values(item.inputs ?? {})[0] as string,
      dhash: item.data?.['dhash'] as string,
      detail: item.data?.['detail'] as number,
      ...(given !== undefined && { given }),
    };
  });
}

/** The split that the picture's folder or row gives. @throws AtelierError INPUT_CHANGED where ingest knows no such picture */
function givenSplit(ingest: Manifest, id: string): Split | undefined {
  const source = ingest.items.get(id);
  if (source !== undefined) return source.params?.['split'] as Split | undefined;
  throw new AtelierError({
    code: 'INPUT_CHANGED',
    action: 'assign the picture',
    path: id,
    problem: 'the stage ingest no longer knows it',
    hint: 'Run all stages in their order with "npx atelier preprocess".',
  });
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
