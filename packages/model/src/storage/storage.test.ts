import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseDatasetConfig } from '@atelier/core';
import type { LayersModel, Tensor } from '@tensorflow/tfjs';
import { seedModel } from '../architecture/seed-model.js';
import { loadTfjs } from '../load-tfjs.js';
import type { ModelMetadata } from '../metadata.js';
import { loadModel } from './load-model.js';
import { saveModel } from './save-model.js';

const { quarantineBudget: _quarantineBudget, ...defaults } = parseDatasetConfig({}, 'dataset.json').limits;
const metadata: ModelMetadata = {
  formatVersion: 1,
  runId: 'run-0001',
  classNames: ['Ä b', '🎨', 'c'],
  input: { height: 16, width: 12, channels: 3, valueRange: [0, 255], dtype: 'uint8' },
  resize: parseDatasetConfig({ resize: { width: 12, height: 16 } }, 'dataset.json').resize,
  normalize: { mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] },
  limits: { ...defaults, maxPixels: 1000 },
  versions: { tensorflow: '2.21.0' },
  trainedOn: { 'normalized/manifest.jsonl': 'ab' },
};
const pixels = Array.from({ length: 16 * 12 * 3 }, (_, i) => (i * 37) % 256);

let dir: string;
let model: LayersModel;
beforeAll(async () => {
  model = await seedModel({
    shape: [16, 12, 3],
    classes: 3,
    network: { filters: [4, 4], dropout: 0.5, denseUnits: 8 },
    standardize: { mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] },
    seed: 3,
  });
});
beforeEach(async () => {
  dir = path.join(await mkdtemp(path.join(tmpdir(), 'atelier-model-')), 'run');
  await saveModel(dir, model, metadata);
});
afterEach(() => rm(path.dirname(dir), { recursive: true, force: true }));

async function predict(of: LayersModel): Promise<number[]> {
  const tf = await loadTfjs();
  return tf.tidy(() => Array.from((of.predict(tf.tensor4d(pixels, [1, 16, 12, 3])) as Tensor).dataSync()));
}

describe('a saved model', () => {
  it('comes back with what it needs', async () => {
    expect((await readdir(dir)).sort()).toEqual(['metadata.json', 'model.json', 'weights.bin']);
    const loaded = await loadModel(dir);
    expect(loaded.metadata).toEqual(metadata);
    expect(JSON.parse(await readFile(path.join(dir, 'metadata.json'), 'utf8'))).toEqual(metadata);
    expect(await predict(loaded.model)).toEqual(await predict(model));
  });

  it('is the same bytes each time', async () => {
    const read = async (from: string) =>
      Promise.all((await readdir(from)).sort().map((name) => readFile(path.join(from, name), 'base64')));
    const again = path.join(path.dirname(dir), 'again');
    await saveModel(again, (await loadModel(dir)).model, metadata);
    expect((await read(again)).length).toBe(3);
    expect(await readFile(path.join(again, 'weights.bin'))).toEqual(
      await readFile(path.join(dir, 'weights.bin')),
    );
    await saveModel(again, model, metadata);
    expect(await read(again)).toEqual(await read(dir));
  });

  it('is read by TF.js alone, in another process, without registering a layer', async () => {
    const script = `
      const tf = require('@tensorflow/tfjs');
      const { readFileSync } = require('node:fs');
      tf.enableProdMode();
      const json = JSON.parse(readFileSync(process.argv[1] + '/model.json', 'utf8'));
      const weights = readFileSync(process.argv[1] + '/weights.bin');
      const [group] = json.weightsManifest;
      if (group.paths.join() !== 'weights.bin') throw new Error(group.paths.join());
      const weightData = weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length);
      const handler = tf.io.fromMemory({ ...json, weightSpecs: group.weights, weightData });
      tf.setBackend('cpu');
      tf.loadLayersModel(handler).then((model) => {
        const input = tf.tensor4d(JSON.parse(process.argv[2]), [1, 16, 12, 3]);
        const { classNames } = model.getUserDefinedMetadata();
        console.log(JSON.stringify({ classNames, probabilities: Array.from(model.predict(input).dataSync()) }));
      });`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script, dir, JSON.stringify(pixels)], {
      encoding: 'utf8',
      cwd: import.meta.dirname,
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      classNames: metadata.classNames,
      probabilities: await predict(model),
    });
  });
});

const file = (name: string) => path.join(dir, name);
const edit = async (change: (json: Record<string, never>) => unknown) => {
  const json = JSON.parse(await readFile(file('model.json'), 'utf8')) as Record<string, never>;
  await writeFile(file('model.json'), JSON.stringify(change(json)));
};

it('the limits that a model does not name are the defaults of dataset.json', async () => {
  await edit((json) => ({ ...json, userDefinedMetadata: { ...metadata, limits: { maxPixels: 7 } } }));
  expect((await loadModel(dir)).metadata.limits).toEqual({ ...defaults, maxPixels: 7 });
});

describe('loadModel refuses', () => {
  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['missing weights', () => unlink(file('weights.bin')), /weights\.bin.*ENOENT/],
    ['cut weights', () => truncate(file('weights.bin'), 1000), /it has 1000 bytes, model\.json declares \d+/],
    ['cut JSON', () => truncate(file('model.json'), 100), /model\.json.*it is not JSON/],
    ['another JSON', () => writeFile(file('model.json'), '{"a": 1}'), /it is not a TF\.js layers model/],
    [
      'another model',
      () => edit(({ userDefinedMetadata: _, ...rest }) => rest),
      /holds no metadata of Atelier/,
    ],
    [
      'a name too few',
      () => edit((json) => ({ ...json, userDefinedMetadata: { ...metadata, classNames: ['a', 'b'] } })),
      /names 2 classes but has 3 output units/,
    ],
    [
      'a size that no picture can have',
      () =>
        edit((json) => ({
          ...json,
          userDefinedMetadata: { ...metadata, resize: { ...metadata.resize, width: 1e9 } },
        })),
      /how its pictures were prepared.*resize\.width/,
    ],
    [
      'a limit that is none',
      () =>
        edit((json) => ({
          ...json,
          userDefinedMetadata: { ...metadata, limits: { maxPixels: 9, timeoutMs: '' } },
        })),
      /how its pictures were prepared.*limits\.timeoutMs/,
    ],
    [
      'a later format',
      () => edit((json) => ({ ...json, userDefinedMetadata: { ...metadata, formatVersion: 2 } })),
      /its format version is 2, this program reads 1/,
    ],
    [
      'a layer that is not built in',
      () =>
        readFile(file('model.json'), 'utf8').then((json) =>
          writeFile(file('model.json'), json.replace('"class_name":"Rescaling"', '"class_name":"Mine"')),
        ),
      /Unknown layer: Mine/,
    ],
  ])('%s', async (_name, damage, message) => {
    await damage();
    await expect(loadModel(dir)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(message),
    });
  });
});
