/** The thread of `lookAtDataset`: plans every stage without doing anything, and looks for what spoils the dataset. */
import { parentPort, workerData } from 'node:worker_threads';
import { AtelierError } from '@atelier/core';
import { checkDataset, datasetStatus, loadStages } from '@atelier/pipeline';
import { openDataset } from '@atelier/stage';
import type { LookAnswer } from './look.js';

async function look(root: string): Promise<LookAnswer> {
  try {
    const dataset = await openDataset(root);
    const status = await datasetStatus(dataset, await loadStages());
    const [ingest] = status;
    const check = (ingest?.items ?? null) === null ? null : await checkDataset(dataset);
    return { status, check, problem: null };
  } catch (error) {
    if (!(error instanceof AtelierError)) throw error;
    return { status: [], check: null, problem: error.message };
  }
}

const { root } = workerData as { root: string };
parentPort?.postMessage(await look(root));
