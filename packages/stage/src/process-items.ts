import { mkdir, readFile, statfs, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import pMap from 'p-map';
import {
  readError,
  sha256 as digestOf,
  writeError,
  type ManifestItem,
  type ManifestOutput,
} from '@atelier/artifacts';
import { AtelierError, groupBy, messageOf, type Json } from '@atelier/core';
import type { Outcome, Plan, PlanContext, PlannedItem, ProcessContext } from './contract.js';
import type { Diff } from './diff.js';
import { itemKeys } from './item-key.js';
import { appendJournal } from './journal.js';
import { linkGuard } from './links-out.js';
import { refuseBudget } from './quarantine-budget.js';
import type { Run } from './run.js';

/**
 * Makes every stale item: groups side by side, outputs into staging, each finished item into the journal.
 * @throws AtelierError INTERRUPTED when the signal comes, QUARANTINE_BUDGET past the budget, DISK_FULL …
 */
export async function processItems<Config extends Json>(
  run: Run<Config> & { context: PlanContext<Config>; plan: Plan; diff: Diff },
): Promise<ManifestItem[]> {
  const { stage, diff, dataset } = run;
  const made = diff.stale.length === 0 ? [] : await makeStale(run);
  // what an earlier run has finished counts too: one that failed by the budget leaves nothing but that
  const resumed = diff.resumed.map(({ item }) => item);
  refuseBudget([...diff.kept, ...resumed, ...made], {
    noun: stage.noun,
    budget: dataset.config.limits.quarantineBudget,
  });
  return made;
}

async function makeStale<Config extends Json>(
  run: Run<Config> & { context: PlanContext<Config>; plan: Plan; diff: Diff },
): Promise<ManifestItem[]> {
  const { stage, folder, diff, options } = run;
  await makeFolder(folder.staged);
  await ensureSpace(run);
  const made: ManifestItem[] = [];
  const context = processContext(run, made);
  const stale = diff.stale.map(({ item }) => item);
  const progress = await options.reporter.progress(stage.name, diff.stale.length);
  let writing = Promise.resolve();
  const failures: unknown[] = [];
  const makeAll = (wave: readonly PlannedItem[]) =>
    pMap(
      groupItems(wave),
      async (items) => {
        if (options.signal?.aborted || failures.length > 0) return;
        try {
          const outcomes = await processGroup(run, { items, context });
          const finished = items.map((item, i) =>
            manifestItem(run, { item, outcome: outcomes[i] as Outcome }),
          );
          made.push(...finished);
          writing = writing.then(() => appendJournal(folder.journal, finished));
          await writing;
          progress.advance(items.length);
        } catch (error) {
          failures.push(error); // what is under way is finished first: nobody writes once the lock is released
        }
      },
      { concurrency: options.concurrency ?? defaultConcurrency() },
    );
  try {
    await makeAll(stale.filter(({ last }) => last !== true));
    await makeAll(stale.filter(({ last }) => last === true));
  } finally {
    progress.stop();
  }
  if (failures.length > 0) throw failures[0];
  if (options.signal?.aborted) throw interrupted(diff.stale.length - made.length);
  return made;
}

async function processGroup<Config extends Json>(
  { stage }: Run<Config>,
  { items, context }: { items: PlannedItem[]; context: ProcessContext<Config> },
): Promise<readonly Outcome[]> {
  try {
    return await stage.process(items, context);
  } catch (error) {
    if (error instanceof AtelierError) throw error;
    throw new AtelierError({
      code: 'STAGE_FAILED',
      action: `make the ${stage.noun}`,
      sampleId: items[0]?.id,
      problem: messageOf(error),
      hint: 'Run again with --verbose for the stack; what was finished is kept.',
      cause: error,
    });
  }
}

function manifestItem<Config extends Json>(
  { stage, context }: Run<Config> & { context: PlanContext<Config> },
  { item, outcome }: { item: PlannedItem; outcome: Outcome },
): ManifestItem {
  const { id, inputs, params } = item;
  const base = { id, key: itemKeys(stage, context.config)(item), inputs, ...(params && { params }) };
  if ('quarantine' in outcome) return { ...base, outputs: [], quarantine: outcome.quarantine };
  return { ...base, outputs: [...outcome.outputs], ...(outcome.data && { data: outcome.data }) };
}

/** Items that share a group, in the plan's order. */
function groupItems(items: readonly PlannedItem[]): PlannedItem[][] {
  return [...groupBy(items, (item) => item.group ?? `item ${item.id}`).values()];
}

function processContext<Config extends Json>(
  run: Run<Config> & { context: PlanContext<Config>; diff: Diff },
  made: readonly ManifestItem[],
): ProcessContext<Config> {
  const { context, folder, diff } = run;
  const guard = linkGuard(context.root, 'read');
  const stagedPath = async (path: string) => {
    const full = join(folder.staged, path);
    await makeFolder(dirname(full));
    return full;
  };
  return {
    root: context.root,
    dataset: context.dataset,
    config: context.config,
    upstream: context.upstream,
    async read(path, sha256) {
      const full = resolve(context.root, path);
      await guard([full]);
      return readInput(full, sha256);
    },
    stagedPath,
    items: () =>
      new Map(
        [...diff.kept, ...diff.resumed.map(({ item }) => item), ...made].map((item) => [item.id, item]),
      ),
    async write(path, data): Promise<ManifestOutput> {
      const full = await stagedPath(path);
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      try {
        await writeFile(full, bytes);
      } catch (error) {
        throw writeError('write', full, error);
      }
      return { path, sizeBytes: bytes.byteLength, sha256: digestOf(bytes) };
    },
  };
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw writeError('make the folder', path, error);
  }
}

async function readInput(full: string, sha256: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(full);
  } catch (error) {
    const failure = readError('read', full, error);
    if (failure.code !== 'ARTIFACT_MISSING') throw failure;
    throw new AtelierError({
      code: 'INPUT_MISSING',
      action: 'read',
      path: full,
      problem: 'it is no longer there',
      hint: 'Run "npx atelier preprocess" again: it takes in what changed, or makes what is missing.',
      cause: error,
    });
  }
  if (digestOf(bytes) === sha256) return bytes;
  throw new AtelierError({
    code: 'INPUT_CHANGED',
    action: 'use',
    path: full,
    problem: 'its content is no longer what was planned with',
    hint: 'Run "npx atelier preprocess" again: it takes in what changed.',
  });
}

/** Refuses to begin what cannot be finished. */
async function ensureSpace<Config extends Json>(
  run: Run<Config> & { plan: Plan; diff: Diff },
): Promise<void> {
  const { sizeBytes } = run.plan;
  if (sizeBytes === undefined) return;
  const needed = run.diff.stale.reduce((sum, { item }) => sum + sizeBytes(item), 0);
  const { bavail, bsize } = await statfs(run.folder.path);
  if (needed <= bavail * bsize) return;
  throw new AtelierError({
    code: 'DISK_FULL',
    action: 'begin writing to',
    path: run.folder.path,
    problem: `it needs ${gigabytes(needed)} and ${gigabytes(bavail * bsize)} are free`,
    hint: 'Free the space, move the dataset to a larger disk, or ask for less in dataset.json (normalize.dtype uint8 takes a quarter of float32).',
  });
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(bytes < 1e8 ? 3 : 1)} GB`;

function interrupted(left: number): AtelierError {
  return new AtelierError({
    code: 'INTERRUPTED',
    action: 'finish the stage',
    problem: `it was stopped with ${left} items to go`,
    hint: 'Run the same command again: it goes on where it was.',
  });
}

/** The number of items at once that keeps `cores` busy: decoding waits for the disk now and then. */
function defaultConcurrency(cores = availableParallelism()): number {
  return Math.max(2, cores * 2);
}
