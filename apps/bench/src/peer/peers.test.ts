import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureNative } from '@atelier/graph';
import { venvPython } from '@atelier/readers';
import { startContender } from '../contender/contender-process.js';
import { programs } from '../contender/programs.js';
import type { ContenderOptions } from '../contender/protocol.js';
import { makeBenchDataset, type BenchDataset } from '../dataset/bench-dataset.js';
import type { Side } from '../plan/tasks.js';

// Every program as a benchmark starts it, at a size where nothing takes long. Node's programs are the built ones: the
// trainer's loader starts a thread from a file, so `npm test` builds before it tests.
const size = { size: 16, pictures: 8, classes: 4 };
const program = programs(venvPython());

describe('the programs of the contenders', () => {
  let parent: string;
  let dataset: BenchDataset;

  beforeAll(async () => {
    await ensureNative({ report: () => undefined });
    parent = await mkdtemp(path.join(tmpdir(), 'bench-'));
    const sources = fileURLToPath(new URL('../../../../datasets/sample/images', import.meta.url));
    dataset = await makeBenchDataset({ sources, parent }, size);
  }, 900_000);
  afterAll(() => rm(parent, { recursive: true }));

  const options = (mode: string): ContenderOptions => ({
    mode,
    batchSize: 4,
    classes: size.classes,
    height: size.size,
    width: size.size,
    evaluateBatches: 2,
    jit: false,
    dataset: dataset.root,
    pictures: dataset.pictures,
  });

  // what reads the dataset also builds the model and trains it
  it.each<[Side, string]>([
    ['ours', 'augmented'],
    ['ours', 'evaluate'],
    ['keras', 'augmented-mapped'],
    ['tfjs', 'fit'],
  ])('%s does %s, turn after turn', async (side, mode) => {
    const contender = await startContender(side, program[side], options(mode));
    try {
      const first = await contender.run({ count: 1 });
      const { durationsMs, loss } = await contender.run({ count: 3 });
      expect([first.durationsMs.length, durationsMs.length]).toEqual([1, 3]);
      // of noise and of a few pictures a new network knows about nothing: ln(classes)
      expect(loss).toBeGreaterThan(0.1);
      expect(loss).toBeLessThan(20);
      expect(await contender.peakMemoryBytes()).toBeGreaterThan(50e6);
    } finally {
      await contender.close();
    }
  });
});
