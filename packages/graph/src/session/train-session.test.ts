import { randomStream } from '@atelier/core';
import * as tf from '@tensorflow/tfjs';
import { compile, type CompileOptions } from '../compile.js';
import { writeWeights } from '../model/model-weights.js';
import { loadBinding } from '../native/binding.js';
import type { OptimizerOptions } from '../optimizers/optimizer.js';
import { openSession, type TrainBatch, type TrainSession } from './train-session.js';

const { layers } = tf;
// keeps tfjs's advertisement for its native backend out of the output
tf.env().set('IS_TEST', true);
const classes = 3;
const side = 8;
const binding = loadBinding();

const network = (rate = 0.3) =>
  tf.sequential({
    layers: [
      layers.rescaling({ scale: 1 / 255, inputShape: [side, side, 3] } as never),
      layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu', name: 'first' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.batchNormalization({ name: 'norm' }),
      layers.dropout({ rate }),
      layers.flatten(),
      layers.dense({ units: classes, activation: 'softmax', name: 'last' }),
    ],
  });

function batchAt(step: number, count = 6): TrainBatch {
  const random = randomStream(5, ['batch', String(step)]);
  return {
    images: Uint8Array.from({ length: count * side * side * 3 }, () => random.below(256)),
    labels: Int32Array.from({ length: count }, () => random.below(classes)),
    count,
    seed: 42,
  };
}

const opened: TrainSession[] = [];
const open = (options: Partial<CompileOptions> = {}, model = network()) => {
  const session = openSession(compile(model, { optimizer: { name: 'rmsprop' }, ...options }), binding);
  opened.push(session);
  return session;
};
afterEach(() => opened.splice(0).forEach((session) => session.dispose()));

const weightsOf = (session: TrainSession) => session.getWeights().map(({ values }) => Array.from(values));

describe('a session', () => {
  it('predicts what the model predicts, from bytes and from numbers, at any batch size', () => {
    const model = network();
    const session = open({}, model);
    for (const count of [1, 5, 32]) {
      const { images } = batchAt(count, count);
      const numbers = Float32Array.from(images);
      const expected = (model.predict(tf.tensor(numbers, [count, side, side, 3])) as tf.Tensor).dataSync();
      const probabilities = session.predict(images, count);
      expect(probabilities).toHaveLength(count * classes);
      probabilities.forEach((value, index) => expect(value).toBeCloseTo(expected[index]!, 5));
      expect(Array.from(session.predict(numbers, count))).toEqual(Array.from(probabilities));
    }
  });

  it('evaluates each picture without changing anything', () => {
    const session = open();
    const batch = batchAt(1);
    const before = weightsOf(session);
    const { perSample, probabilities } = session.evaluate(batch);
    perSample.forEach((loss, row) => {
      expect(loss).toBeCloseTo(-Math.log(probabilities[row * classes + batch.labels[row]!]!), 4);
    });
    expect(weightsOf(session)).toEqual(before);
    expect(session.step).toBe(0);
  });

  it('learns', () => {
    const session = open({}, network(0));
    const batch = batchAt(1, 12);
    const losses = Array.from({ length: 60 }, () => session.trainStep(batch));
    expect(losses.at(-1)!.loss).toBeLessThan(losses[0]!.loss / 3);
    expect(losses.at(-1)!.correct).toBe(12);
    expect(session.step).toBe(60);
  });

  it('gives the loss with and without regularization', () => {
    const model = tf.sequential({
      layers: [
        layers.flatten({ inputShape: [side, side, 3] }),
        layers.dense({
          units: classes,
          kernelInitializer: tf.initializers.constant({ value: 0.1 }),
          kernelRegularizer: tf.regularizers.l2({ l2: 0.5 }),
          activation: 'softmax',
        }),
      ],
    });
    const { loss, dataLoss } = open({}, model).trainStep(batchAt(1));
    expect(loss - dataLoss).toBeCloseTo(0.5 * 0.01 * side * side * 3 * classes, 4);
  });

  it('gives back the weights under the names and in the order of tfjs, and tfjs takes them', async () => {
    const model = network();
    const session = open({}, model);
    for (let step = 0; step < 3; step++) session.trainStep(batchAt(step));
    const weights = session.getWeights();
    expect(weights.map(({ name, shape }) => ({ name, shape }))).toEqual(
      model.weights.map(({ originalName, shape }) => ({ name: originalName, shape })),
    );
    await writeWeights(
      model,
      weights.map(({ values }) => values),
    );
    const { images, count } = batchAt(9);
    const expected = session.predict(images, count);
    const numbers = tf.tensor(Float32Array.from(images), [count, side, side, 3]);
    const probabilities = (model.predict(numbers) as tf.Tensor).dataSync();
    expected.forEach((value, index) => expect(probabilities[index]).toBeCloseTo(value, 5));
  });

  it('keeps its weights apart from the arrays it was given', () => {
    const session = open();
    const given = session.getWeights().map(({ values }) => Float32Array.from(values, () => 0.5));
    session.setWeights(given);
    given.forEach((values) => values.fill(NaN));
    expect(
      weightsOf(session)
        .flat()
        .every((value) => value === 0.5),
    ).toBe(true);
    session.trainStep(batchAt(1));
    expect(given.every((values) => values.every(Number.isNaN))).toBe(true);
  });
});

describe('two runs', () => {
  const optimizers: OptimizerOptions[] = [
    { name: 'sgd', momentum: 0.9, nesterov: true },
    { name: 'rmsprop', momentum: 0.1 },
    { name: 'adam' },
    { name: 'adamw' },
  ];

  it.each(optimizers)('are the same, bit for bit, in one go and resumed: %j', (optimizer) => {
    const model = network();
    const whole = open({ optimizer }, model);
    const losses = Array.from({ length: 8 }, (_, step) => whole.trainStep(batchAt(step)).loss);

    const first = open({ optimizer }, model);
    const resumed = Array.from({ length: 5 }, (_, step) => first.trainStep(batchAt(step)).loss);
    const weights = first.getWeights().map(({ values }) => values);
    const state = first.getState();
    first.dispose();
    const second = open({ optimizer }, network());
    second.setWeights(weights);
    second.setState(structuredClone(state));
    for (let step = 5; step < 8; step++) resumed.push(second.trainStep(batchAt(step)).loss);

    expect(resumed).toEqual(losses);
    expect(weightsOf(second)).toEqual(weightsOf(whole));
    expect(second.getState()).toEqual(whole.getState());
  });

  it('differ with the seed, and steps differ with their number', () => {
    const model = network(0.5);
    const lossOf = (seed: number, step: number) => {
      const session = open({}, model);
      session.setState({ ...session.getState(), step });
      return session.trainStep({ ...batchAt(1), seed }).loss;
    };
    expect(lossOf(1, 0)).toBe(lossOf(1, 0));
    expect(new Set([lossOf(1, 0), lossOf(2, 0), lossOf(1, 1), lossOf(2 ** 40 + 1, 0)]).size).toBe(4);
  });
});

describe('what cannot be run is refused before TensorFlow sees it', () => {
  const good = batchAt(1);
  const cases: [string, Partial<Record<keyof TrainBatch, unknown>>, RegExp][] = [
    [
      'too few pixels',
      { images: good.images.subarray(1) },
      /images hold 1151 numbers, not 1152 \(6 x 8 x 8 x 3\)/,
    ],
    ['pictures of another type', { images: new Int32Array(1152) }, /images are Int32Array, not a Uint8Array/],
    ['no pictures', { images: new Uint8Array(0), labels: new Int32Array(0), count: 0 }, /count is 0/],
    ['a label too few', { labels: good.labels.subarray(1) }, /there are 5 labels for 6 pictures/],
    ['labels of another type', { labels: new Float32Array(6) }, /labels are Float32Array, not class indices/],
    [
      'a label that is no class',
      { labels: Int32Array.of(0, 1, 3, 0, 0, 0), samples: [...'abcdef'] },
      /the label of sample c is 3, not in \[0, 3\)/,
    ],
    ['a learning rate that is no number', { learningRate: NaN }, /the learning rate is NaN/],
    ['a seed that is no whole number', { seed: 0.5 }, /the seed is 0.5/],
  ];

  it.each(cases)('%s', (_, change, message) => {
    const session = open();
    const before = weightsOf(session);
    expect(() => session.trainStep({ ...good, ...change } as TrainBatch)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', message: expect.stringMatching(message) }),
    );
    expect(weightsOf(session)).toEqual(before);
    expect([session.step, binding.getNumOfTensors()]).toEqual([0, 0]);
  });

  it('one-hot labels that are no shares', () => {
    const session = open({ loss: 'categoricalCrossentropy' });
    const labels = new Float32Array(6 * classes);
    labels[7] = 2;
    expect(() => session.trainStep({ ...good, labels })).toThrow(/a label of sample 2 is 2, not in \[0, 1\]/);
  });

  it('weights and states of another model', () => {
    const session = open();
    const weights = session.getWeights().map(({ values }) => values);
    const { slots } = session.getState();
    const invalid = expect.objectContaining({ code: 'INPUT_INVALID' });
    expect(() => session.setWeights(weights.slice(1))).toThrow(invalid);
    expect(() => session.setWeights([weights[1]!, ...weights.slice(1)])).toThrow(
      /"first\/kernel" holds 4 numbers/,
    );
    expect(() => session.setState({ step: 1, slots: {} })).toThrow(/has no slot "first\/kernel\/velocity"/);
    expect(() => session.setState({ step: -1, slots })).toThrow(invalid);
    expect(() => session.setState({ step: 1, slots: { ...slots, other: weights[0]! } })).toThrow(
      /no slot "other"/,
    );
  });
});

describe('when something goes wrong', () => {
  it('a loss that is no number ends training with the step and its samples', () => {
    const session = open({ optimizer: { name: 'sgd' } });
    const samples = ['a#0', 'b#1', 'c#0', 'd#0', 'e#0', 'f\n#0'];
    session.trainStep({ ...batchAt(1), learningRate: 1e38 });
    expect(() => session.trainStep({ ...batchAt(2), samples })).toThrow(
      expect.objectContaining({
        code: 'TRAINING_FAILED',
        message: expect.stringMatching(
          /the loss of step 2 is (NaN|Infinity) on a batch of 6: a#0, .*f\\u\{a\}#0\./,
        ),
      }),
    );
    expect(binding.getNumOfTensors()).toBe(0);
  });

  it('a closed session says so', () => {
    const session = open();
    session.dispose();
    session.dispose();
    expect(() => session.predict(batchAt(1).images, 6)).toThrow(
      expect.objectContaining({ code: 'NATIVE_FAILED', problem: 'the session is closed' }),
    );
  });

  it('a graph that TensorFlow cannot read says so', () => {
    const graph = compile(network(), { optimizer: { name: 'sgd' } });
    expect(() => openSession({ ...graph, savedModel: Uint8Array.of(1, 2, 3) }, binding)).toThrow(
      expect.objectContaining({ code: 'NATIVE_FAILED' }),
    );
    expect(binding.getNumOfSavedModels()).toBe(0);
  });
});

it('500 steps of 98 KB each hold memory within 16 MB, and every tensor is freed', () => {
  const session = open();
  const batch = batchAt(1, 512);
  const run = (steps: number) => {
    for (let step = 0; step < steps; step++) session.trainStep(batch);
  };
  run(60);
  const before = process.memoryUsage().rss;
  run(500);
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(16);
  expect(binding.getNumOfTensors()).toBe(0);
}, 120_000);
