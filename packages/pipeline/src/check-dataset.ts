import { AtelierError, type WorkerName } from '@atelier/core';
import type { QualityReport } from '@atelier/quality';
import type { Dataset } from '@atelier/stage';
import { loadStages } from './pipeline.js';
import { lastManifest } from './last-manifest.js';
import { datasetStatus } from './stage-status.js';

/** What `check` tells of a dataset. */
export interface DatasetCheck extends QualityReport {
  /** Stages whose results are no longer what a run would make: the report is on what they found when they last ran. */
  readonly stale: readonly WorkerName[];
}

/**
 * Looks for what spoils a dataset, in what the stages found when they last ran. Changes nothing.
 * @throws AtelierError INPUT_MISSING where ingest has not run
 */
export async function checkDataset(dataset: Dataset): Promise<DatasetCheck> {
  const { qualityReport, STAGES_READ } = await import('@atelier/quality');
  const entries = await Promise.all(
    STAGES_READ.map(async (stage) => [stage, await lastManifest(dataset.root, stage)] as const),
  );
  const { ingest, ...others } = Object.fromEntries(entries);
  if (ingest === undefined) {
    throw new AtelierError({
      code: 'INPUT_MISSING',
      action: 'check the dataset',
      path: dataset.root,
      problem: 'the stage ingest has not been run',
      hint: 'Run "npx atelier preprocess" first; the stages up to split are enough.',
    });
  }
  const report = qualityReport({ ingest, ...others }, dataset.config);
  const status = await datasetStatus(dataset, await loadStages(STAGES_READ));
  const stale = status.filter(({ state }) => state !== 'fresh' && state !== 'never run');
  return { ...report, stale: stale.map(({ stage }) => stage) };
}
