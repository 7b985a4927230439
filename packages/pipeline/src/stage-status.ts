import { existsSync } from 'node:fs';
import { AtelierError, WORKERS, type StageName, type WorkerName } from '@atelier/core';
import {
  isCutOff,
  isIdle,
  runStage,
  silentReporter,
  stageFolder,
  type Dataset,
  type Reporter,
  type RunSummary,
  type Stage,
} from '@atelier/stage';
import { lastManifest } from './last-manifest.js';

/**
 * How a stage stands: `fresh`, nothing to do; `stale`, a run would do something; `waits`, nothing to do by what the
 * stages before it left, but these are not fresh themselves; `never run`; `unknown`, where looking failed.
 */
export type StageState = 'fresh' | 'stale' | 'waits' | 'never run' | 'unknown';

/** One stage of a dataset, as `status` tells it. */
export interface StageStatus {
  readonly stage: WorkerName;
  /** Relative to the dataset. */
  readonly folder: string;
  readonly state: StageState;
  /** Items of the last run; null where there was none that can be read. */
  readonly items: number | null;
  readonly quarantined: number | null;
  /** The stages before it that are not fresh. */
  readonly waitsFor: readonly StageName[];
  /** What a run would do, by what the stages before it left; null where that cannot be told. */
  readonly next: Pick<RunSummary, 'done' | 'resumed' | 'kept' | 'removed' | 'completed' | 'reasons'> | null;
  readonly noun: string;
  readonly warnings: readonly string[];
  /** Why looking failed; null where it did not. */
  readonly problem: string | null;
}

/**
 * Looks at every stage and changes nothing: no lock, no journal, no manifest is touched.
 * @param stages in pipeline order
 */
export async function datasetStatus(dataset: Dataset, stages: readonly Stage[]): Promise<StageStatus[]> {
  const found: StageStatus[] = [];
  for (const stage of stages) {
    const notFresh = found.filter(({ state }) => state !== 'fresh').map((status) => status.stage);
    const waitsFor = stage.inputs.filter((name) => notFresh.includes(name));
    found.push(await stageStatus({ stage, dataset, waitsFor }));
  }
  return found;
}

async function stageStatus(of: {
  stage: Stage;
  dataset: Dataset;
  waitsFor: readonly StageName[];
}): Promise<StageStatus> {
  const { stage, dataset, waitsFor } = of;
  const warnings: string[] = [];
  const reporter: Reporter = { ...silentReporter, warn: (text) => void warnings.push(text) };
  const look = await lookAt(stage, dataset, reporter);
  const manifest = await lastManifest(dataset.root, stage.name);
  const items = manifest === undefined ? null : [...manifest.items.values()];
  const { summary } = look;
  return {
    stage: stage.name,
    folder: WORKERS[stage.name],
    state: stageState({ hasRun: hasRun(dataset.root, stage.name), waitsFor, summary }),
    items: items?.length ?? null,
    quarantined: items?.filter(({ quarantine }) => quarantine !== undefined).length ?? null,
    waitsFor,
    next: summary === null || summary.waitsFor !== null ? null : pick(summary),
    noun: stage.noun,
    warnings: [...warnings, ...(summary?.warnings ?? [])],
    // what cannot be read because a stage before it has not been run is told by waitsFor
    problem: waitsFor.length > 0 ? null : look.problem,
  };
}

/** What a run would do; a failure of looking is a result too. */
async function lookAt(
  stage: Stage,
  dataset: Dataset,
  reporter: Reporter,
): Promise<{ summary: RunSummary | null; problem: string | null }> {
  try {
    return { summary: await runStage(stage, dataset, { dryRun: true, reporter }), problem: null };
  } catch (error) {
    if (!(error instanceof AtelierError)) throw error;
    return { summary: null, problem: error.message };
  }
}

/** Decides the state of one stage. */
export function stageState(seen: {
  hasRun: boolean;
  waitsFor: readonly StageName[];
  summary: Pick<RunSummary, 'done' | 'resumed' | 'removed' | 'completed' | 'waitsFor'> | null;
}): StageState {
  const { hasRun, waitsFor, summary } = seen;
  if (summary === null && waitsFor.length === 0) return 'unknown';
  if (!hasRun) return 'never run';
  if (summary !== null && summary.waitsFor === null && !isIdle(summary)) return 'stale';
  return waitsFor.length > 0 ? 'waits' : 'fresh';
}

function hasRun(root: string, stage: WorkerName): boolean {
  const folder = stageFolder(root, stage);
  return existsSync(folder.manifest) || isCutOff(folder);
}

function pick(summary: RunSummary): NonNullable<StageStatus['next']> {
  const { done, resumed, kept, removed, completed, reasons } = summary;
  return { done, resumed, kept, removed, completed, reasons };
}
