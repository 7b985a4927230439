import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '@atelier/artifacts';
import type { TrainEngine } from '../engine/train-engine.js';
import { bestEpoch } from '../fit/best-epoch.js';
import type { FitStore } from '../fit/fit.js';
import { judgedLoss, type EpochRecord, type TrainingState } from '../fit/training-state.js';
import { removeOtherBestWeights, writeBestWeights, writeCheckpoint } from './checkpoint.js';

/** The folder of a run's checkpoints. */
export const checkpointFolder = (dir: string): string => path.join(dir, 'checkpoint');

/**
 * Keeps a training in the folder of its run. The order of the writes makes each instant a good one to be killed at:
 * best weights before the checkpoint that counts on them, those it no longer counts on removed after it.
 * @param start where this training begins
 */
export async function runStore(dir: string, engine: TrainEngine, start: TrainingState): Promise<FitStore> {
  const folder = checkpointFolder(dir);
  await mkdir(folder, { recursive: true });
  let last = isUntouched(start) ? null : describe(start);
  return {
    async saveCheckpoint(training) {
      await writeCheckpoint(folder, { engine: await engine.readState(), training, engineName: engine.name });
      last = describe(training);
      await writeHistory(dir, training.history);
      const best = bestEpoch(training.history.map(judgedLoss));
      await removeOtherBestWeights(folder, best.epoch + 1);
    },
    async saveBest(epoch) {
      await writeBestWeights(folder, { epoch, weights: await engine.readWeights() });
    },
    lastCheckpoint: () => last,
  };
}

const isUntouched = ({ history, current }: TrainingState) => history.length === 0 && current.step === 0;

function describe({ history, current }: TrainingState): string {
  const step = current.step > 0 ? `, step ${current.step} of the next` : '';
  return `epoch ${history.length}${step}`;
}

/** Writes history.jsonl: a line per finished epoch, the same as the checkpoint's. */
export async function writeHistory(dir: string, history: readonly EpochRecord[]): Promise<void> {
  const lines = history.map((record) => `${JSON.stringify(record)}\n`);
  await writeFileAtomic(path.join(dir, 'history.jsonl'), lines.join(''));
}
