import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeModel, supportedLayers } from '@atelier/graph';
import { runPython } from '@atelier/readers';
import type { LayersModel, Tensor } from '@tensorflow/tfjs';
import { loadTfjs } from '../load-tfjs.js';
import { saveModel } from '../storage/save-model.js';
import { withPage } from '../testing/browser.js';
import { modelZoo, zooMetadata, zooPictures } from '../testing/model-zoo.js';
import { exportModel } from './export-model.js';
import { EXPORT_FORMAT_NAMES, type ExportFormatName } from './format-names.js';

/** Of golden pictures, through every exported file in its own runtime. */
const COUNT = 3;
const pictures = zooPictures(COUNT);
const { height, width } = zooMetadata.input;
const classes = zooMetadata.classNames.length;

/** model -> probabilities of all pictures, one after another. */
type Answers = Record<string, number[]>;

let folder: string;
let models: Record<string, LayersModel>;
const expected: Answers = {};
const exportOf = (name: string, format: ExportFormatName) => path.join(folder, name, 'export', format);

beforeAll(async () => {
  const tf = await loadTfjs();
  folder = await mkdtemp(path.join(tmpdir(), 'atelier-export-'));
  models = await modelZoo();
  const shape: [number, number, number, number] = [COUNT, height, width, 3];
  for (const [name, model] of Object.entries(models)) {
    await saveModel(path.join(folder, name), model, zooMetadata);
    await exportModel(path.join(folder, name), {
      formats: EXPORT_FORMAT_NAMES,
      folder: (format) => exportOf(name, format),
    });
    expected[name] = tf.tidy(() =>
      Array.from((model.predict(tf.tensor4d(Float32Array.from(pictures), shape)) as Tensor).dataSync()),
    );
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The largest difference of each model's probabilities. */
function differences(answers: Answers): Record<string, number> {
  expect(Object.keys(answers)).toEqual(Object.keys(models));
  return Object.fromEntries(
    Object.entries(answers).map(([name, found]) => {
      expect(found).toHaveLength(COUNT * classes);
      return [name, Math.max(...found.map((value, i) => Math.abs(value - expected[name]![i]!)))];
    }),
  );
}

function expectWithin(answers: Answers, tolerance: number): void {
  const found = differences(answers);
  expect(Object.entries(found).filter(([, difference]) => !(difference <= tolerance))).toEqual([]);
}

const names = () => Object.keys(models);
const paths = (format: ExportFormatName, file: string) =>
  Object.fromEntries(names().map((name) => [name, path.join(exportOf(name, format), file)]));

describe('the models of this test', () => {
  it('hold every kind of layer that a model.json can hold and packages/graph compiles', () => {
    const held = new Set(
      Object.values(models).flatMap((model) => describeModel(model).calls.map((c) => c.className)),
    );
    // an InputLayer computes nothing; TF.js 4.22 has no SpatialDropout2D of its own, so no model.json that it reads
    // holds one
    const missing = supportedLayers.filter((kind) => !held.has(kind));
    expect(missing).toEqual(['InputLayer', 'SpatialDropout2D']);
  });

  it('tell the classes of the pictures apart', () => {
    for (const [name, found] of Object.entries(expected)) {
      const first = found.filter((_, i) => i % classes === 0);
      expect([name, Math.max(...first) - Math.min(...first) > 1e-3]).toEqual([name, true]);
    }
  });
});

describe('exported probabilities', () => {
  it('are the same in Python: TensorFlow, Keras and onnxruntime', () => {
    const answers = runPython(readInPython, {
      pictures: Array.from(pictures),
      shape: [COUNT, height, width, 3],
      savedmodel: Object.fromEntries(names().map((name) => [name, exportOf(name, 'savedmodel')])),
      keras: paths('keras', 'model.keras'),
      onnx: paths('onnx', 'model.onnx'),
    }) as Record<'savedmodel' | 'keras' | 'onnx', Answers> & { told: Record<string, unknown> };
    for (const format of ['savedmodel', 'keras', 'onnx'] as const) expectWithin(answers[format], 1e-5);
    expect(answers.told).toEqual({
      savedmodel: { class_names: zooMetadata.classNames, metadata: zooMetadata },
      keras: zooMetadata,
      onnx: {
        opset: 17,
        ir: 8,
        class_names: zooMetadata.classNames,
        input_size: [height, width, 3],
        value_range: [0, 255],
        atelier: zooMetadata,
      },
    });
  });

  it('are the same in onnxruntime-node', () => {
    const files = paths('onnx', 'model.onnx');
    expectWithin(runInNode(readWithOnnxruntime, files) as Answers, 1e-5);
  });

  it('are the same in TF.js in Node', () => {
    const formats = { tfjs: 1e-5, 'tfjs-float16': 1e-3, 'tfjs-graph': 1e-5 } as const;
    for (const [format, tolerance] of Object.entries(formats)) {
      const files = paths(format as ExportFormatName, 'model.json');
      expectWithin(runInNode(readWithTfjs, files) as Answers, tolerance);
    }
  });

  it('are the same in TF.js in Chromium', async () => {
    const tfjs = path.dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs'));
    const site = { html: '<script src="/tfjs/tf.min.js"></script>', folders: { tfjs, models: folder } };
    const found = await withPage(site, (page) =>
      page.evaluate(
        `(${String(predictInPage)})(${JSON.stringify({
          names: names(),
          pictures: Array.from(pictures),
          shape: [COUNT, height, width, 3],
        })})`,
      ),
    );
    const answers = found as Record<ExportFormatName, Answers>;
    expectWithin(answers.tfjs, 1e-5);
    expectWithin(answers['tfjs-float16'], 1e-3);
    expectWithin(answers['tfjs-graph'], 1e-5);
  });
});

describe('an export', () => {
  const run = () => path.join(folder, 'seed');
  const again = () =>
    exportModel(run(), { formats: EXPORT_FORMAT_NAMES, folder: (format) => exportOf('seed', format) });
  const times = async () =>
    Promise.all(
      EXPORT_FORMAT_NAMES.map(
        async (format) => (await stat(path.join(exportOf('seed', format), 'metadata.json'))).mtimeMs,
      ),
    );

  it('is kept as long as it is whole and of the same model, and made again where it is not', async () => {
    const before = await times();
    expect((await again()).map(({ outcome }) => outcome)).toEqual(EXPORT_FORMAT_NAMES.map(() => 'kept'));
    expect(await times()).toEqual(before);

    const onnx = path.join(exportOf('seed', 'onnx'), 'model.onnx');
    const whole = await readFile(onnx);
    await writeFile(onnx, whole.subarray(0, 100));
    await rm(path.join(exportOf('seed', 'tfjs'), 'weights.bin'));
    await writeFile(path.join(exportOf('seed', 'keras'), 'metadata.json'), '{');
    const written = (await again())
      .filter(({ outcome }) => outcome === 'written')
      .map(({ format }) => format);
    expect(written).toEqual(['tfjs', 'onnx', 'keras']);
    expect(await readFile(onnx)).toEqual(whole);
  });

  it('says beside the model what it is', async () => {
    const told = JSON.parse(
      await readFile(path.join(exportOf('seed', 'onnx'), 'metadata.json'), 'utf8'),
    ) as object;
    expect(told).toMatchObject({
      ...zooMetadata,
      export: { format: 'onnx', input: { name: 'images', dtype: 'uint8' } },
    });
  });

  it('is refused for a layer that a format does not have, before anything is written', async () => {
    const tf = await loadTfjs();
    const model = tf.sequential({
      layers: [
        tf.layers.rescaling({ scale: 1 / 255, inputShape: [height, width, 3] }),
        tf.layers.conv2d({ name: 'steep', filters: 2, kernelSize: 3, activation: 'hardSigmoid' }),
        tf.layers.globalAveragePooling2d({}),
        tf.layers.dense({ units: classes, activation: 'softmax' }),
      ],
    });
    const dir = path.join(folder, 'steep');
    await saveModel(dir, model, zooMetadata);
    const asked = exportModel(dir, {
      formats: ['tfjs', 'keras'],
      folder: (format) => path.join(dir, format),
    });
    await expect(asked).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining('layer "steep" (Conv2D) has the activation "hardSigmoid"'),
    });
    await expect(stat(path.join(dir, 'tfjs'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

/** Runs a CommonJS script in a Node of its own: runtimes with native parts know no typed arrays of jest's. */
function runInNode(script: string, files: Record<string, string>): unknown {
  const args = { files, pictures: Array.from(pictures), shape: [COUNT, height, width, 3] };
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', script], {
    input: JSON.stringify(args),
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const readWithOnnxruntime = `
  const ort = require('onnxruntime-node');
  const { files, pictures, shape } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
  (async () => {
    const answers = {};
    for (const [name, file] of Object.entries(files)) {
      const session = await ort.InferenceSession.create(file);
      const images = new ort.Tensor('uint8', Uint8Array.from(pictures), shape);
      answers[name] = Array.from((await session.run({ images })).probabilities.data);
    }
    console.log(JSON.stringify(answers));
  })();`;

const readWithTfjs = `
  const tf = require('@tensorflow/tfjs');
  const { readFileSync } = require('node:fs');
  const { dirname } = require('node:path');
  const { files, pictures, shape } = JSON.parse(readFileSync(0, 'utf8'));
  tf.enableProdMode();
  (async () => {
    await tf.setBackend('cpu');
    const answers = {};
    for (const [name, file] of Object.entries(files)) {
      const json = JSON.parse(readFileSync(file, 'utf8'));
      const [{ paths, weights }] = json.weightsManifest;
      const bytes = readFileSync(dirname(file) + '/' + paths[0]);
      const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
      const handler = tf.io.fromMemory({ ...json, weightSpecs: weights, weightData });
      const model =
        json.format === 'graph-model' ? await tf.loadGraphModel(handler) : await tf.loadLayersModel(handler);
      answers[name] = Array.from(model.predict(tf.tensor(pictures, shape, 'float32')).dataSync());
    }
    console.log(JSON.stringify(answers));
  })();`;

/** Runs in the page, with TF.js as it is published for browsers. */
async function predictInPage({
  names,
  pictures,
  shape,
}: {
  names: string[];
  pictures: number[];
  shape: number[];
}) {
  const { tf } = globalThis as unknown as { tf: Awaited<ReturnType<typeof loadTfjs>> };
  await tf.setBackend('cpu');
  const answers: Record<string, Record<string, number[]>> = {};
  for (const format of ['tfjs', 'tfjs-float16', 'tfjs-graph']) {
    const own: Record<string, number[]> = (answers[format] = {});
    for (const name of names) {
      const url = `/models/${name}/export/${format}/model.json`;
      const model = format === 'tfjs-graph' ? await tf.loadGraphModel(url) : await tf.loadLayersModel(url);
      own[name] = Array.from((model.predict(tf.tensor(pictures, shape)) as Tensor).dataSync());
    }
  }
  return answers;
}

const readInPython = `
import json, zipfile
import numpy as np, keras, onnx, onnxruntime, tensorflow as tf
images = np.array(ARGS["pictures"], np.uint8).reshape(ARGS["shape"])
flat = lambda found: np.asarray(found, np.float64).ravel().tolist()
RESULT = {"savedmodel": {}, "keras": {}, "onnx": {}, "told": {}}
for name, folder in ARGS["savedmodel"].items():
    model = tf.saved_model.load(folder)
    RESULT["savedmodel"][name] = flat(model.signatures["serving_default"](images=tf.constant(images))["probabilities"])
RESULT["told"]["savedmodel"] = {
    "class_names": [c.decode() for c in model.signatures["class_names"]()["class_names"].numpy()],
    "metadata": json.loads(model.signatures["metadata"]()["metadata"].numpy()),
}
for name, path in ARGS["keras"].items():
    model = keras.models.load_model(path)
    RESULT["keras"][name] = flat(model(images.astype("float32"), training=False))
RESULT["told"]["keras"] = json.loads(zipfile.ZipFile(path).read("metadata.json"))["atelier"]
for name, path in ARGS["onnx"].items():
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(path)
    RESULT["onnx"][name] = flat(session.run(["probabilities"], {"images": images})[0])
props = session.get_modelmeta().custom_metadata_map
RESULT["told"]["onnx"] = {
    "opset": model.opset_import[0].version, "ir": model.ir_version,
    **{key: json.loads(props[key]) for key in ["class_names", "input_size", "value_range", "atelier"]},
}
`;
