// Trains a small network to tell circles from squares, evaluates it, and writes it as a SavedModel.
// Run: node examples/circles-and-squares.mjs [folder for the SavedModel]
import * as tf from '@tensorflow/tfjs';
import {
  compile,
  exportSavedModel,
  learningRateAt,
  loadBinding,
  openSession,
  writeWeights,
} from '@atelier/graph';

const side = 32;
const batchSize = 32;
const epochs = 5;
const stepsPerEpoch = 20;
const classNames = ['circle', 'square'];

const { layers } = tf;
const model = tf.sequential({
  layers: [
    layers.rescaling({ scale: 1 / 255, inputShape: [side, side, 3] }),
    layers.conv2d({ filters: 8, kernelSize: 3, padding: 'same', activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.conv2d({ filters: 16, kernelSize: 3, padding: 'same', activation: 'relu' }),
    layers.globalMaxPooling2d({}),
    layers.dropout({ rate: 0.2 }),
    layers.dense({ units: classNames.length, activation: 'softmax' }),
  ],
});

// the model and its training step, as one graph, in native TensorFlow
const graph = compile(model, { optimizer: { name: 'adam', learningRate: 0.01 } });
const session = openSession(graph, loadBinding());

const schedule = { name: 'cosine', warmupEpochs: 1, minLearningRate: 0.0005 };
for (let epoch = 0; epoch < epochs; epoch++) {
  let loss = 0;
  let correct = 0;
  for (let step = 0; step < stepsPerEpoch; step++) {
    const moment = { epoch: epoch + (step + 1) / stepsPerEpoch, epochs };
    const outcome = session.trainStep({
      ...drawBatch(batchSize),
      learningRate: learningRateAt(schedule, graph.optimizer.learningRate, moment),
      seed: 7,
    });
    loss += outcome.loss / stepsPerEpoch;
    correct += outcome.correct;
  }
  console.log(
    `epoch ${epoch + 1}: loss ${loss.toFixed(3)}, ${correct} of ${stepsPerEpoch * batchSize} right`,
  );
}

const { images, labels, count } = drawBatch(200);
const { probabilities } = session.evaluate({ images, labels, count });
const right = labels.filter((label, row) => probabilities[2 * row + label] > 0.5).length;
console.log(`new pictures: ${right} of ${count} right`);

// back into the tfjs model, and out as a SavedModel that Python's TensorFlow serves
await writeWeights(
  model,
  session.getWeights().map(({ values }) => values),
);
session.dispose();
const [folder] = process.argv.slice(2);
if (folder !== undefined) {
  await exportSavedModel(model, folder, { classNames });
  console.log(`written to ${folder}`);
}

/** Bright shapes of random size and place on a dark, noisy ground. */
function drawBatch(size) {
  const pixels = new Uint8Array(size * side * side * 3).map(() => Math.random() * 60);
  const indices = new Int32Array(size).map(() => Math.floor(Math.random() * 2));
  indices.forEach((label, row) => {
    const radius = 5 + Math.random() * 6;
    const [x, y] = [0, 0].map(() => radius + Math.random() * (side - 2 * radius));
    for (let at = 0; at < side * side; at++) {
      const [dx, dy] = [(at % side) - x, Math.floor(at / side) - y];
      const inside =
        label === 0 ? Math.hypot(dx, dy) < radius : Math.max(Math.abs(dx), Math.abs(dy)) < radius * 0.88;
      if (inside) pixels.fill(200, (row * side * side + at) * 3, (row * side * side + at + 1) * 3);
    }
  });
  return { images: pixels, labels: indices, count: size };
}
