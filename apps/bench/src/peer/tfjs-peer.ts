/** tfjs-node's contender: its own LayersModel on its native backend, used as its documentation does. */
import * as tf from '@tensorflow/tfjs-node';
import type { ContenderOptions } from '../contender/protocol.js';
import { noiseBatch } from './noise-batch.js';
import { seedNetwork, seedTraining } from './seed-network.js';
import { serve, timed, type Mode } from './serve.js';

/** The model, compiled with the optimizer, loss and metric of the others, and a batch as tensors. */
async function prepare(options: ContenderOptions) {
  if (tf.getBackend() !== 'tensorflow') throw new Error(`tfjs-node runs on "${tf.getBackend()}"`);
  const model = await seedNetwork(options);
  const { learningRate, rho, momentum, epsilon } = seedTraining.optimizer as Extract<
    typeof seedTraining.optimizer,
    { name: 'rmsprop' }
  >;
  model.compile({
    optimizer: tf.train.rmsprop(learningRate, rho, momentum, epsilon),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const { images, labels, count } = noiseBatch(options);
  const x = tf.tensor4d(new Float32Array(images), [count, options.height, options.width, 3]);
  return { model, x, y: tf.tensor1d(new Float32Array(labels)) };
}

const fit: Mode = async (options) => {
  const { model, x, y } = await prepare(options);
  return async (count) => {
    const ends = [performance.now()];
    const { history } = await model.fit(x, y, {
      batchSize: options.batchSize,
      epochs: count,
      shuffle: false,
      verbose: 0,
      callbacks: { onBatchEnd: async () => void ends.push(performance.now()) },
    });
    return {
      durationsMs: ends.slice(1).map((end, i) => end - (ends[i] as number)),
      loss: history['loss']?.at(-1) as number,
    };
  };
};

const trainOnBatch: Mode = async (options) => {
  const { model, x, y } = await prepare(options);
  return timed(async () => ((await model.trainOnBatch(x, y)) as number[])[0] as number);
};

const predict: Mode = async (options) => {
  const { model, x } = await prepare(options);
  return timed(async () => {
    const probabilities = model.predictOnBatch(x) as tf.Tensor;
    await probabilities.data();
    probabilities.dispose();
    return null;
  });
};

const evaluate: Mode = async (options) => {
  const { model, x, y } = await prepare(options);
  const pictures = tf.tile(x, [options.evaluateBatches, 1, 1, 1]);
  const labels = tf.tile(y, [options.evaluateBatches]);
  return timed(async () => {
    const scalars = model.evaluate(pictures, labels, { batchSize: options.batchSize }) as tf.Scalar[];
    const [loss] = await Promise.all(scalars.map(async (scalar) => (await scalar.data())[0] as number));
    tf.dispose(scalars);
    return loss as number;
  });
};

await serve({ fit, 'train-on-batch': trainOnBatch, predict, evaluate }, () => ({
  'tfjs-node': tf.version['tfjs-node'],
}));
