import path from 'node:path';
import { AtelierError, type DatasetConfig } from '@atelier/core';
import { loadTfjs, saveModel } from '@atelier/model';
import { openDataset, resolveDataset, usageError } from '@atelier/stage';
import { chooseEngine, engineLine } from '../engine/choose-engine.js';
import { writeModelWeights } from '../engine/model-weights.js';
import type { TrainEngine } from '../engine/train-engine.js';
import { evaluateModel } from '../evaluation/evaluate-model.js';
import { metricsReport } from '../evaluation/report.js';
import { bestEpoch } from '../fit/best-epoch.js';
import { fit, type FitResult } from '../fit/fit.js';
import { judgedLoss, untouchedEpoch, type TrainingState } from '../fit/training-state.js';
import type { BatchSource } from '../loader/batch-source.js';
import { readNormalizedDataset, type NormalizedDataset } from '../loader/normalized-dataset.js';
import { openSplit } from '../loader/open-split.js';
import { workerSource } from '../loader/worker-source.js';
import { eventFiles } from '../progress/event-files.js';
import { trainProgress } from '../progress/train-progress.js';
import { readBestWeights, readCheckpoint, removeOtherBestWeights } from '../run/checkpoint.js';
import { runConfig, type RunConfig } from '../run/run-config.js';
import { finishRun, refuseModelLinks, runFolder, type UnfinishedRun } from '../run/run-folder.js';
import { checkpointFolder, runStore, writeHistory } from '../run/run-store.js';
import { findUpToDate, releaseRun, removeWithoutCheckpoint, takeRun } from '../run/take-run.js';
import type { CommandLine } from './arguments.js';
import { checkDataset, engineOptions, modelMetadata, splitRows, startingModel } from './prepare-training.js';
import { stopSignals, type StopSignals } from './stop-signals.js';

/** A line for people, on stderr. */
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** What is known before training. */
interface Plan {
  readonly root: string;
  readonly config: DatasetConfig;
  readonly dataset: NormalizedDataset;
  readonly runConfig: RunConfig;
}

/** `train`: trains, evaluates and exports a model; prints what came out. */
export async function train(options: CommandLine): Promise<void> {
  const plan = await makePlan(options);
  const upToDate = options.ifStale ? await findUpToDate(plan.root, plan.runConfig) : null;
  if (upToDate !== null) {
    say(`model     up to date (${upToDate})`);
    if (options.json) {
      const answer = { run: upToDate, dir: runFolder(plan.root, upToDate), upToDate: true };
      process.stdout.write(`${JSON.stringify(answer)}\n`);
    }
    return;
  }
  const run = await chooseRun(plan, options);
  const signals = stopSignals();
  try {
    await trainRun(plan, { run, signals, json: options.json });
  } finally {
    signals.release();
    await releaseRun(run);
    await removeWithoutCheckpoint(run);
  }
}

async function chooseRun({ root, runConfig: config }: Plan, options: CommandLine): Promise<UnfinishedRun> {
  const { run, resumed, others } = await takeRun(root, { ...options, name: options.run, config });
  if (!resumed && others.length > 0) say(`unfinished: ${others.join(', ')} (--resume goes on with it)`);
  say(`run: ${run.name}${resumed ? ' (resumed)' : ''}`);
  return run;
}

async function makePlan({ dataset: folder, set, resume, run, ifStale }: CommandLine): Promise<Plan> {
  if (ifStale && (resume || run !== null)) {
    throw usageError('--if-stale chooses the run itself', 'Leave out --resume and --run.');
  }
  const { root, config } = await openDataset(resolveDataset(folder), set);
  await refuseModelLinks(root);
  const dataset = await readNormalizedDataset(root);
  checkDataset(dataset, config, root);
  const artifacts = { 'normalized/manifest.jsonl': dataset.sha256 };
  return { root, config, dataset, runConfig: runConfig({ config, overrides: set, artifacts }) };
}

/** What training a run needs besides the plan. */
interface RunContext {
  readonly run: UnfinishedRun;
  readonly signals: StopSignals;
  readonly json: boolean;
}

async function trainRun(plan: Plan, context: RunContext): Promise<void> {
  const { config, dataset } = plan;
  const { labels, sampleIds, close } = await openSplit(dataset, 'train');
  close();
  const model = await startingModel(dataset, config);
  const options = engineOptions(config.train, { labels, classes: dataset.classNames.length });
  const choice = await chooseEngine(config.train.engine, { model, options });
  const { engine } = choice;
  const source = workerSource(
    { dataset, seed: config.seed, augment: config.train.augment },
    { batchSize: config.train.batchSize },
  );
  try {
    say(datasetLine(dataset));
    say(engineLine(choice));
    const result = await fitRun(plan, { ...context, engine, source, sampleIds });
    if (result.outcome === 'interrupted') return sayInterrupted(context, result.training);
    const best = bestEpoch(result.training.history.map(judgedLoss)).epoch + 1;
    const weights = await readBestWeights(checkpointFolder(context.run.dir), best);
    await engine.writeWeights(weights);
    writeModelWeights(await loadTfjs(), model, weights);
    const artifacts = plan.runConfig.artifacts;
    const metadata = modelMetadata({ runId: context.run.name, dataset, config, engine, artifacts });
    await saveModel(context.run.dir, model, metadata);
    await finish(plan, { ...context, engine, source, result, best });
  } finally {
    await source.close();
    engine.dispose();
    model.dispose();
  }
}

function datasetLine(dataset: NormalizedDataset): string {
  const rows = splitRows(dataset);
  const [height, width] = dataset.shape;
  const counts = Object.entries(rows).map(([split, count]) => `${split} ${count}`);
  return `data: ${dataset.classNames.length} classes, ${width}x${height} pixels, pictures: ${counts.join(', ')}`;
}

type Fitting = RunContext & { engine: TrainEngine; source: BatchSource; sampleIds: readonly string[] };

async function fitRun(plan: Plan, context: Fitting): Promise<FitResult> {
  const { run, engine, source, sampleIds, signals } = context;
  const { train: config, seed } = plan.config;
  const rows = splitRows(plan.dataset);
  if (rows.validation === 0) {
    say('validation: no pictures, so the best epoch is the one of the lowest training loss');
  }
  const start = await restore(run.dir, engine);
  await writeHistory(run.dir, start.history); // lines of epochs after the checkpoint are made again
  const now = () => performance.now();
  const progress = await trainProgress(process.stderr, { epochs: config.epochs, now });
  const events = config.tensorBoard
    ? await eventFiles(path.join(run.dir, 'tensorboard'), start.history)
    : null;
  try {
    const result = await fit({
      engine,
      source,
      config,
      seed,
      rows,
      sampleIds,
      start,
      store: await runStore(run.dir, engine, start),
      observer: {
        step: (at) => progress.step(at),
        epoch: async (record, state) => {
          progress.epoch(record, state);
          await events?.append(record);
        },
      },
      signal: signals.signal,
      now,
    });
    if (result.outcome === 'stopped early') {
      say(`stopped early: ${config.earlyStopping?.patience} epochs without improvement`);
    }
    return result;
  } finally {
    progress.stop();
  }
}

/** Restores the engine from the run's checkpoint. @returns where to go on */
async function restore(dir: string, engine: TrainEngine): Promise<TrainingState> {
  const checkpoint = await readCheckpoint(checkpointFolder(dir));
  if (checkpoint === null) return { history: [], current: untouchedEpoch };
  if (checkpoint.engineName !== engine.name) {
    throw new AtelierError({
      code: 'INPUT_CHANGED',
      action: 'resume the run',
      path: dir,
      problem: `it was begun on the ${checkpoint.engineName} engine, and this is ${engine.name}`,
      hint: `Give --engine ${checkpoint.engineName}: another engine would not go on bit for bit.`,
    });
  }
  await engine.writeState(checkpoint.engine);
  return checkpoint.training;
}

function sayInterrupted({ run, signals, json }: RunContext, { history, current }: TrainingState): void {
  const where = `after epoch ${history.length}${current.step > 0 ? ` and ${current.step} steps` : ''}`;
  say(`stopped ${where}; everything is saved. Go on with the same command and --resume --run ${run.name}`);
  if (json) process.stdout.write(`${JSON.stringify({ run: run.name, dir: run.dir, interrupted: true })}\n`);
  process.exitCode = signals.exitCode() ?? 1;
}

type Finishing = RunContext & { engine: TrainEngine; source: BatchSource; result: FitResult; best: number };

async function finish(plan: Plan, context: Finishing): Promise<void> {
  const { run, engine, source, result, best, json } = context;
  const { root, dataset, config } = plan;
  const batchSize = config.train.batchSize;
  const metrics = await evaluateModel({ engine, source, dataset, batchSize, run });
  await releaseRun(run);
  const dir = await finishRun(root, run);
  await removeOtherBestWeights(checkpointFolder(dir), null); // they are weights.bin now
  const epochs = result.training.history.length;
  say(`best epoch: ${best} of ${epochs}; model in ${dir}`);
  process.stdout.write(
    json
      ? `${JSON.stringify({ run: run.name, dir, upToDate: false, engine: engine.name, epochs, bestEpoch: best, metrics })}\n`
      : `${await metricsReport(metrics)}\n`,
  );
}
