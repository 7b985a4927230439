import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseDatasetConfig, type DatasetConfig } from '@atelier/core';
import { loadTfjs, seedModel } from '@atelier/model';
import { layersEngine } from '../engine/layers-engine.js';
import type { EngineBatch, TrainEngine, TrainStep } from '../engine/train-engine.js';
import type { BatchSource, LoadedBatch, Pass } from '../loader/batch-source.js';
import { batchRows, directSource } from '../loader/direct-source.js';
import { readNormalizedDataset } from '../loader/normalized-dataset.js';
import { writeSyntheticDataset } from '../testing/synthetic-dataset.js';
import { balancedClassWeights } from './class-weights.js';
import { bestEpoch, shouldStopEarly } from './best-epoch.js';
import { fit, type FitOptions, type FitResult } from './fit.js';
import { untouchedEpoch, type EpochRecord, type TrainingState } from './training-state.js';

const fresh: TrainingState = { history: [], current: untouchedEpoch };
const rows = { train: 10, validation: 4, test: 0 };
const config = (train: object = {}): DatasetConfig['train'] =>
  parseDatasetConfig({ train: { epochs: 4, batchSize: 4, ...train } }, 'dataset.json').train;

/** Batches without pictures. */
const emptySource: BatchSource = {
  async *batches(pass: Pass): AsyncGenerator<LoadedBatch> {
    for (const each of batchRows(pass, { rows: rows[pass.split], seed: 1 })) {
      yield { pixels: new Uint8Array(), labels: new Int32Array(each.length), rows: each };
    }
  },
  close: async () => undefined,
};

/** An engine whose losses are told: of the training steps, and of each validation. */
function toldEngine(told: { training?: number[]; validation?: number[] } = {}) {
  const steps: TrainStep[] = [];
  let validated = 0;
  const engine = {
    train: async (_batch: EngineBatch, step: TrainStep) => {
      steps.push(step);
      return { loss: told.training?.[steps.length - 1] ?? 1, correct: 1 };
    },
    evaluate: async ({ labels }: EngineBatch) => {
      const loss = told.validation?.[validated++] ?? 1;
      return {
        losses: new Float32Array(labels.length).fill(loss),
        probabilities: new Float32Array(labels.length * 2),
      };
    },
  } as unknown as TrainEngine;
  return { engine, steps };
}

interface Run {
  result: FitResult;
  saved: TrainingState[];
  best: number[];
  epochs: { record: EpochRecord; isBest: boolean }[];
}

async function run(options: Partial<FitOptions> & Pick<FitOptions, 'engine'>): Promise<Run> {
  const saved: TrainingState[] = [];
  const best: number[] = [];
  const epochs: Run['epochs'] = [];
  let clock = 0;
  const result = await fit({
    source: emptySource,
    config: config(),
    seed: 1,
    rows,
    sampleIds: Array.from({ length: rows.train }, (_, row) => `sample ${row}`),
    start: fresh,
    signal: new AbortController().signal,
    now: () => (clock += 100),
    observer: { step: () => undefined, epoch: (record, { isBest }) => void epochs.push({ record, isBest }) },
    store: {
      saveCheckpoint: async (training) => void saved.push(training),
      saveBest: async (epoch) => void best.push(epoch),
      lastCheckpoint: () => (saved.length > 0 ? 'epoch 1' : null),
    },
    ...options,
  });
  return { result, saved, best, epochs };
}

describe('fit', () => {
  it('sums each epoch up over its samples, the smaller last batch by its size', async () => {
    const { engine } = toldEngine({ training: [1, 2, 6], validation: [0.5] });
    const { result, saved } = await run({ engine, config: config({ epochs: 1 }) });
    expect(result.outcome).toBe('finished');
    expect(result.training.history).toEqual([
      {
        epoch: 1,
        steps: 3,
        learningRate: 0.001,
        loss: (1 * 4 + 2 * 4 + 6 * 2) / 10,
        accuracy: 0.3,
        valLoss: 0.5,
        valAccuracy: 1,
        durationMs: expect.any(Number),
        imagesPerSecond: expect.any(Number),
      },
    ]);
    expect(saved).toEqual([result.training]);
  });

  it('keeps the weights of the lowest validation loss, of equal ones the earlier', async () => {
    const { engine } = toldEngine({ validation: [3, 2, 2, 2.5] });
    const { best, epochs } = await run({ engine });
    expect(best).toEqual([1, 2]);
    expect(epochs.map(({ isBest }) => isBest)).toEqual([true, true, false, false]);
  });

  it('judges by the training loss where nothing is held out', async () => {
    const { engine } = toldEngine({ training: [3, 3, 3, 1, 1, 1, 2, 2, 2, 2, 2, 2] });
    const { best, result } = await run({ engine, rows: { ...rows, validation: 0 } });
    expect(best).toEqual([1, 2]);
    expect(result.training.history[0]).toMatchObject({ valLoss: null, valAccuracy: null });
  });

  it('stops early', async () => {
    const { engine } = toldEngine({ validation: [3, 2, 1.95, 1.94, 1] });
    const earlyStopping = { patience: 2, minDelta: 0.1 };
    const { result } = await run({ engine, config: config({ epochs: 20, earlyStopping }) });
    expect(result.outcome).toBe('stopped early');
    expect(result.training.history).toHaveLength(4);
  });

  it('takes the learning rate of the schedule, that of the plateau from the losses', async () => {
    const rates = async (schedule: object, validation?: number[]) => {
      const { engine, steps } = toldEngine({ ...(validation && { validation }) });
      await run({ engine, config: config({ schedule }) });
      return steps.map(({ learningRate }) => learningRate);
    };
    expect(await rates({ name: 'constant' })).toEqual(Array(12).fill(0.001));
    const stepped = await rates({ name: 'step', everyEpochs: 2, factor: 0.5 });
    expect(stepped).toEqual([...Array(6).fill(0.001), ...Array(6).fill(0.0005)]);
    const cosine = await rates({ name: 'cosine' });
    expect(cosine[6]).toBeCloseTo(0.0005, 12);
    expect([...cosine].sort((a, b) => b - a)).toEqual(cosine);
    const plateau = await rates({ name: 'reduce_on_plateau', patience: 1, factor: 0.5 }, [1, 1, 0.5, 0.5]);
    expect(plateau).toEqual([...Array(6).fill(0.001), ...Array(6).fill(0.0005)]);
  });

  it('stops after the step of an interruption and goes on with the same steps', async () => {
    const whole = toldEngine();
    await run({ engine: whole.engine });
    for (let stopAt = 1; stopAt <= 12; stopAt++) {
      const stop = new AbortController();
      const first = toldEngine();
      const before = await run({
        engine: first.engine,
        signal: stop.signal,
        observer: { step: () => first.steps.length === stopAt && stop.abort(), epoch: () => undefined },
      });
      expect(before.result.outcome).toBe('interrupted');
      expect(before.saved.at(-1)).toEqual(before.result.training);
      const second = toldEngine();
      const after = await run({ engine: second.engine, start: before.result.training });
      expect([...first.steps, ...second.steps]).toEqual(whole.steps);
      expect(after.result.training.history.map(({ steps }) => steps)).toEqual([3, 3, 3, 3]);
    }
  });

  it('keeps checkpoints within an epoch by the clock', async () => {
    const { engine } = toldEngine();
    const { saved } = await run({ engine, config: config({ epochs: 1, checkpointMinutes: 1e-9 }) });
    expect(saved.map(({ current }) => current.step)).toEqual([1, 2, 3, 0]);
  });

  it('stops on a loss that is no number, naming step, samples and checkpoint', async () => {
    const { engine } = toldEngine({ training: [1, 1, 1, 1, NaN] });
    await expect(run({ engine })).rejects.toMatchObject({
      code: 'TRAINING_FAILED',
      problem: expect.stringMatching(
        /^the loss of epoch 2, step 2 is NaN; the last checkpoint is of epoch 1; the samples of the step are sample \d, sample \d/,
      ),
    });
  });

  it('holds on to no tensor from epoch to epoch', async () => {
    const root = await mkdtemp(path.join(tmpdir(), 'atelier-fit-'));
    await writeSyntheticDataset(root, { perClass: { train: 2, validation: 1, test: 0 }, side: 8 });
    const dataset = await readNormalizedDataset(root);
    const network = { filters: [2], dropout: 0.5, denseUnits: 4 };
    const model = await seedModel({ shape: [8, 8, 3], classes: 4, network, standardize: null, seed: 1 });
    const train = config();
    const engine = await layersEngine(
      { model, options: { ...train, classWeights: null } },
      { name: 'cpu', title: 'plain JavaScript' },
    );
    const source = await directSource({ dataset, seed: 1, augment: train.augment });
    const tf = await loadTfjs();
    const tensors: number[] = [];
    await run({
      engine,
      source,
      rows: { train: 8, validation: 4, test: 0 },
      observer: { step: () => undefined, epoch: () => void tensors.push(tf.memory().numTensors) },
    });
    expect(tensors).toHaveLength(4);
    expect(new Set(tensors).size).toBe(1);
    await source.close();
    engine.dispose();
    await rm(root, { recursive: true });
  });
});

describe('the choice of the best epoch', () => {
  it('is the first of the lowest', () => {
    expect(bestEpoch([2, 1, 1, 3])).toEqual({ epoch: 1, loss: 1 });
    expect(bestEpoch([])).toEqual({ epoch: -1, loss: Infinity });
  });

  it('waits for the patience', () => {
    expect(shouldStopEarly([1, 1, 1, 1], null)).toBe(false);
    expect(shouldStopEarly([1, 1], { patience: 2, minDelta: 0 })).toBe(false);
    expect(shouldStopEarly([1, 1, 1], { patience: 2, minDelta: 0 })).toBe(true);
    expect(shouldStopEarly([1, 0.99, 0.98], { patience: 2, minDelta: 0.1 })).toBe(true);
  });
});

describe('balancedClassWeights', () => {
  it("is scikit-learn's", () => {
    // compute_class_weight('balanced', classes=[0, 1, 3], y=[0, 0, 0, 1, 1, 3]) is [2/3, 1, 2]
    expect([...balancedClassWeights([0, 0, 0, 1, 1, 3], 4)]).toEqual([Math.fround(2 / 3), 1, 0, 2]);
  });
});
