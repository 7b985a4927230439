import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomStream } from '@atelier/core';
import { runPython } from '@atelier/readers';
import type { LayersModel } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { exportSavedModel } from './export.js';
import { loadBinding } from './native/binding.js';

const { layers } = tf;
// keeps tfjs's advertisement for its native backend out of the output
tf.env().set('IS_TEST', true);
const classNames = ['cat', 'dog', 'été ☀'];
const side = 10;
const count = 4;

/** Weights away from their starting values, so that batch normalisation does something. */
function network(): LayersModel {
  const model = tf.sequential({
    layers: [
      layers.rescaling({ scale: 1 / 255, inputShape: [side, side, 3] } as never),
      layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }),
      layers.batchNormalization(),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.separableConv2d({ filters: 5, kernelSize: 3, activation: 'swish' }),
      layers.dropout({ rate: 0.5 }),
      layers.globalAveragePooling2d({} as never),
      layers.dense({ units: classNames.length, activation: 'softmax' }),
    ],
  });
  const random = randomStream(1, ['export']);
  model.setWeights(
    model.getWeights().map((weight) => {
      const values = Float32Array.from(
        { length: weight.size },
        () => random.uniform(0.1, 0.9) - 0.3 * (weight.rank > 1 ? 1 : 0),
      );
      return tf.tensor(values, weight.shape);
    }),
  );
  return model;
}

const random = randomStream(2, ['export']);
const images = Uint8Array.from({ length: count * side * side * 3 }, () => random.below(256));
const expectedOf = (model: LayersModel) =>
  Array.from(
    (model.predict(tf.tensor(Float32Array.from(images), [count, side, side, 3])) as tf.Tensor).dataSync(),
  );

let folder: string;
beforeAll(async () => {
  await tf.setBackend('cpu');
});
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'atelier-export-'))));
afterEach(() => rm(folder, { recursive: true }));

const expectClose = (actual: readonly number[], expected: readonly number[]) => {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, index) => expect(Math.abs(value - expected[index]!)).toBeLessThan(1e-5));
};

describe('exportSavedModel', () => {
  it("gives the model's probabilities in Python's TensorFlow, from bytes and from numbers, with the class names", async () => {
    const model = network();
    const expected = expectedOf(model);
    expect(new Set(expected.map((value) => value.toFixed(3))).size).toBeGreaterThan(6);
    await exportSavedModel(model, join(folder, 'bytes'), { classNames });
    await exportSavedModel(model, join(folder, 'numbers'), { classNames, input: 'float32' });
    expect(await readdir(join(folder, 'bytes'))).toEqual(['saved_model.pb']);
    const read = runPython(
      `
import numpy as np, tensorflow as tf
def run(kind, dtype):
    model = tf.saved_model.load(ARGS["folder"] + "/" + kind)
    serve = model.signatures["serving_default"]
    images = tf.constant(np.array(ARGS["images"], dtype).reshape(-1, 10, 10, 3))
    return {
        "inputs": {name: [spec.dtype.name, spec.shape.as_list()] for name, spec in serve.structured_input_signature[1].items()},
        "probabilities": serve(images=images)["probabilities"].numpy().ravel().tolist(),
        "one": serve(images=images[:1])["probabilities"].numpy().ravel().tolist(),
        "names": [name.decode() for name in model.signatures["class_names"]()["class_names"].numpy()],
    }
RESULT = {"bytes": run("bytes", np.uint8), "numbers": run("numbers", np.float32)}
`,
      { folder, images: Array.from(images) },
    ) as Record<
      'bytes' | 'numbers',
      { inputs: object; probabilities: number[]; one: number[]; names: string[] }
    >;
    expect(read.bytes.inputs).toEqual({ images: ['uint8', [null, side, side, 3]] });
    expect(read.numbers.inputs).toEqual({ images: ['float32', [null, side, side, 3]] });
    for (const { probabilities, one, names } of Object.values(read)) {
      expectClose(probabilities, expected);
      expectClose(one, expected.slice(0, classNames.length));
      expect(names).toEqual(classNames);
    }
  });

  it('is read by tfjs-node, class names too', async () => {
    const model = network();
    const expected = expectedOf(model);
    await exportSavedModel(model, folder, { classNames, input: 'float32' });
    loadBinding();
    const { default: node } = await import('@tensorflow/tfjs-node');
    const saved = await node.node.loadSavedModel(folder);
    try {
      const input = node.tensor(Float32Array.from(images), [count, side, side, 3]);
      const { probabilities } = saved.predict({ images: input }) as unknown as { probabilities: tf.Tensor };
      expectClose(Array.from(probabilities.dataSync()), expected);
    } finally {
      saved.dispose();
    }
  });

  it('takes logits where that is stated, and refuses names that do not fit', async () => {
    const logits = tf.sequential({ layers: [layers.dense({ units: 3, inputShape: [2] })] });
    await exportSavedModel(logits, folder, { classNames, fromLogits: true });
    await expect(
      exportSavedModel(logits, folder, { classNames: ['a'], fromLogits: true }),
    ).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      problem: 'there are 1 class names for 3 classes',
    });
  });

  it('names the folder it cannot write', async () => {
    const path = join(folder, 'a-file');
    await writeFile(path, '');
    await expect(exportSavedModel(network(), path, { classNames })).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      path,
    });
  });
});
