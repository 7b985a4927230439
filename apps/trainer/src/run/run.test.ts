import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseDatasetConfig } from '@atelier/core';
import { runPython } from '@atelier/readers';
import type { TrainEngine } from '../engine/train-engine.js';
import type { EpochRecord, TrainingState } from '../fit/training-state.js';
import { readBestWeights, readCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.js';
import { findResumable, matchingRun } from './find-resumable.js';
import { readRunConfig, runConfig, trainsAlike, writeRunConfig } from './run-config.js';
import {
  createRun,
  findRun,
  finishedRuns,
  finishRun,
  markLatest,
  refuseModelLinks,
  unfinishedRuns,
} from './run-folder.js';
import { runStore } from './run-store.js';
import { claimRun, releaseRun, removeWithoutCheckpoint, takeRun } from './take-run.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'atelier-run-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const checkpoint: Checkpoint = {
  engineName: 'graph',
  engine: {
    weights: [
      { name: 'conv/kernel', shape: [2, 3], values: Float32Array.of(1, -2, 3.5, 1e-40, NaN, Infinity) },
      { name: 'conv/bias', shape: [1], values: Float32Array.of(-0) },
    ],
    slots: [{ name: 'conv/bias/velocity', shape: [1], values: Float32Array.of(0.1) }],
    iterations: 7,
  },
  training: { history: [], current: { step: 3, samples: 24, loss: 0.1 + 0.2, correct: 5, durationMs: 12.5 } },
};

describe('a checkpoint', () => {
  it('comes back as it was written, bit for bit', async () => {
    expect(await readCheckpoint(root)).toBeNull();
    await writeCheckpoint(root, checkpoint);
    expect(await readCheckpoint(root)).toEqual(checkpoint);
  });

  it('is a safetensors file', async () => {
    await writeCheckpoint(root, checkpoint);
    const found = runPython(
      `
import json, numpy, struct
data = open(ARGS, "rb").read()
length, = struct.unpack("<Q", data[:8])
header = json.loads(data[8:8 + length])
start, end = header["weights/conv/kernel"]["data_offsets"]
kernel = numpy.frombuffer(data[8 + length:][start:end], "<f4").reshape(header["weights/conv/kernel"]["shape"])
RESULT = {"names": sorted(header), "kernel": kernel[0], "aligned": length % 8, "size": len(data) - 8 - length}
`,
      path.join(root, 'state.safetensors'),
    );
    expect(found).toEqual({
      names: ['__metadata__', 'slots/conv/bias/velocity', 'weights/conv/bias', 'weights/conv/kernel'],
      kernel: [1, -2, 3.5],
      aligned: 0,
      size: 8 * 4,
    });
  });

  it('is refused where it is cut or of another format', async () => {
    const file = path.join(root, 'state.safetensors');
    for (const size of [4, 30, 600]) {
      await writeCheckpoint(root, checkpoint);
      await truncate(file, Math.min(size, (await readFile(file)).length - 4));
      await expect(readCheckpoint(root)).rejects.toMatchObject({ code: 'ARTIFACT_DAMAGED', path: file });
    }
    await writeCheckpoint(root, checkpoint);
    const other = (await readFile(file))
      .toString('latin1')
      .replace('atelier-checkpoint-1', 'atelier-checkpoint-9');
    await writeFile(file, Buffer.from(other, 'latin1'));
    await expect(readCheckpoint(root)).rejects.toThrow(/its format is atelier-checkpoint-9/);
  });
});

describe('a run store', () => {
  const record = (epoch: number, valLoss: number) => ({ epoch, valLoss, loss: 9 }) as EpochRecord;
  const engine = {
    name: 'graph',
    readState: async () => checkpoint.engine,
    readWeights: async () => checkpoint.engine.weights,
  } as unknown as TrainEngine;

  it('keeps the best weights that the checkpoint counts on, and no others', async () => {
    const start: TrainingState = { history: [], current: checkpoint.training.current };
    const store = await runStore(root, engine, start);
    const folder = path.join(root, 'checkpoint');
    const history = [record(1, 3), record(2, 2), record(3, 5)];
    for (let count = 1; count <= 3; count++) {
      if (count < 3) await store.saveBest(count);
      await store.saveCheckpoint({ history: history.slice(0, count), current: checkpoint.training.current });
    }
    expect((await readdir(folder)).sort()).toEqual(['best-0002.safetensors', 'state.safetensors']);
    expect(await readBestWeights(folder, 2)).toEqual(checkpoint.engine.weights);
    await expect(readBestWeights(folder, 1)).rejects.toMatchObject({ code: 'ARTIFACT_DAMAGED' });
    expect(await readFile(path.join(root, 'history.jsonl'), 'utf8')).toBe(
      history.map((each) => `${JSON.stringify(each)}\n`).join(''),
    );
    expect(store.lastCheckpoint()).toBe('epoch 3, step 3 of the next');
  });
});

describe('the folder of a run', () => {
  const finish = async (name: string) => {
    const run = await createRun(root, name);
    await writeFile(path.join(run.dir, 'model.json'), '{}');
    return finishRun(root, run);
  };

  it('counts up, over finished and unfinished runs', async () => {
    expect((await createRun(root, null)).name).toBe('run-0001');
    expect((await createRun(root, null)).name).toBe('run-0002');
    await mkdir(path.join(root, 'models', 'run-0041'));
    expect((await createRun(root, null)).name).toBe('run-0042');
  });

  it('gives each of several trainers a name of its own', async () => {
    const runs = await Promise.all(Array.from({ length: 5 }, () => createRun(root, null)));
    expect(new Set(runs.map(({ name }) => name)).size).toBe(5);
  });

  it('gets its name when it is finished', async () => {
    const run = await createRun(root, null);
    expect(await finishedRuns(root)).toEqual([]);
    expect((await unfinishedRuns(root)).map(({ name }) => name)).toEqual(['run-0001']);
    await writeFile(path.join(run.dir, 'model.json'), '{}');
    const dir = await finishRun(root, run);
    expect(await unfinishedRuns(root)).toEqual([]);
    expect(await findRun(root, null)).toEqual({ name: 'run-0001', dir });
  });

  it('is found by name or as the newest', async () => {
    await expect(findRun(root, null)).rejects.toThrow(/nothing has been trained yet.* npx atelier train/);
    await finish('b');
    await finish('a');
    expect((await findRun(root, null)).name).toBe('a');
    expect((await findRun(root, 'b')).name).toBe('b');
    await expect(findRun(root, 'c')).rejects.toThrow(/no finished run "c".* one of a, b/);
    await markLatest(root, 'b');
    expect((await findRun(root, null)).name).toBe('b');
  });

  it.each(['../elsewhere', '/tmp', '.run-0001.partial', 'a/../a', 'latest', ''])(
    'is not looked for at %j, whoever says so',
    async (name) => {
      await finish('a');
      await mkdir(path.join(root, 'elsewhere'));
      await writeFile(path.join(root, 'elsewhere', 'model.json'), '{}');
      await expect(findRun(root, name)).rejects.toThrow(/no finished run/);
      await markLatest(root, name);
      await expect(findRun(root, null)).rejects.toThrow(/no finished run/);
    },
  );

  it.each([
    ['models', 'models'],
    ['models/latest', 'latest'],
    ['models/a', 'a'],
    ['models/a/model.json', 'model.json'],
    ['models/a/deeper/link', 'nothing'],
  ])('is not used behind a link out of the dataset: %s', async (link, target) => {
    const [outside, inside] = [path.join(root, 'outside'), path.join(root, 'dataset')];
    const files = {
      models: 'models/a/model.json',
      latest: 'latest',
      a: 'a/model.json',
      'model.json': 'model.json',
    };
    for (const file of [...Object.values(files).map((name) => path.join(outside, name))]) {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, 'a');
    }
    await mkdir(path.join(inside, 'models/a/deeper'), { recursive: true });
    await writeFile(path.join(inside, 'models/a/model.json'), '{}');
    await writeFile(path.join(inside, 'models/latest'), 'a\n');
    await expect(refuseModelLinks(inside)).resolves.toBeUndefined();
    await rm(path.join(inside, link), { recursive: true, force: true });
    await symlink(path.join(outside, target), path.join(inside, link));
    const refusal = { code: 'WRITE_FAILED', path: path.join(inside, link) };
    await expect(refuseModelLinks(inside)).rejects.toMatchObject(refusal);
    await expect(findRun(inside, null)).rejects.toMatchObject(refusal);
  });

  it.each(['latest', '.hidden', 'a/b', '..', '', 'ü'])('is not called %j', async (name) => {
    await expect(createRun(root, name)).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('is not made twice', async () => {
    await finish('mine');
    await expect(createRun(root, 'mine')).rejects.toThrow(/there is a run of this name/);
  });
});

describe('going on with a run', () => {
  const config = (given: object, sha256 = 'aa') =>
    runConfig({
      config: parseDatasetConfig(given, 'dataset.json'),
      overrides: [],
      artifacts: { 'normalized/manifest.jsonl': sha256 },
    });

  it('asks whether it trains to the same model', () => {
    const base = config({});
    expect(trainsAlike(base, config({ limits: { maxPixels: 5 } }))).toBe(true);
    expect(trainsAlike(base, config({ seed: 2 }))).toBe(false);
    expect(trainsAlike(base, config({ train: { epochs: 21 } }))).toBe(false);
    expect(trainsAlike(base, config({}, 'bb'))).toBe(false);
    expect(trainsAlike(base, config({ train: { engine: 'layers', checkpointMinutes: 1 } }))).toBe(true);
  });

  it('clears an interrupted run of half-written files, and keeps none without a checkpoint', async () => {
    const wanted = { name: null, config: config({}), resume: false, ifStale: false };
    const { run, resumed } = await takeRun(root, wanted);
    expect(resumed).toBe(false);
    await writeCheckpoint(path.join(run.dir, 'checkpoint'), checkpoint);
    await writeFile(path.join(run.dir, 'checkpoint', '.atelier-partial-1'), 'half');
    await removeWithoutCheckpoint(run);
    const again = await takeRun(root, { ...wanted, resume: true });
    expect(again).toEqual({ run, resumed: true, others: [] });
    expect((await readdir(run.dir, { recursive: true })).sort()).toEqual([
      '.owner',
      'checkpoint',
      'checkpoint/state.safetensors',
      'config.json',
    ]);
    const second = await takeRun(root, wanted);
    expect(second).toMatchObject({ run: { name: 'run-0002' }, resumed: false, others: ['run-0001'] });
    await removeWithoutCheckpoint(second.run);
    expect((await unfinishedRuns(root)).map(({ name }) => name)).toEqual(['run-0001']);
  });

  it('finds the newest of these settings, and says what is wrong with the others', async () => {
    for (const epochs of [1, 2, 1]) {
      const run = await createRun(root, null);
      await writeRunConfig(run.dir, config({ train: { epochs } }));
    }
    const find = (epochs: number, name: string | null = null) =>
      findResumable(root, { name, config: config({ train: { epochs } }) });
    expect((await find(1)).name).toBe('run-0003');
    expect((await find(2)).name).toBe('run-0002');
    expect((await find(1, 'run-0001')).name).toBe('run-0001');
    await expect(find(3)).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
    await expect(find(1, 'run-0002')).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
    await expect(find(1, 'run-0009')).rejects.toThrow(/Give --run one of run-0001, run-0002, run-0003/);
    expect(await matchingRun(await unfinishedRuns(root), config({ train: { epochs: 3 } }))).toBeNull();
  });

  it('refuses a run that another process trains, and takes that of a dead one', async () => {
    const run = await createRun(root, null);
    const owner = path.join(run.dir, '.owner');
    await writeFile(owner, String(process.ppid));
    await expect(claimRun(run)).rejects.toMatchObject({ code: 'LOCKED' });
    await writeFile(owner, '2147483646'); // no process has such a number
    await claimRun(run);
    expect(await readFile(owner, 'utf8')).toBe(String(process.pid));
    await releaseRun(run);
    expect(await readdir(run.dir)).toEqual([]);
  });

  it('reads the settings of a run, and refuses what is none', async () => {
    expect(await readRunConfig(root)).toBeNull();
    await writeRunConfig(root, config({}));
    expect(await readRunConfig(root)).toEqual(config({}));
    await writeFile(path.join(root, 'config.json'), '{');
    await expect(readRunConfig(root)).rejects.toMatchObject({ code: 'ARTIFACT_DAMAGED' });
  });
});
