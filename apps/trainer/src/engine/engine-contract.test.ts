import { parseDatasetConfig, randomStream, type DatasetConfig } from '@atelier/core';
import { seedModel } from '@atelier/model';
import { runPython } from '@atelier/readers';
import type { LayersModel } from '@tensorflow/tfjs';
import { chooseBackend } from './backends.js';
import { graphEngine } from './graph-engine.js';
import { layersEngine } from './layers-engine.js';
import type { EngineBatch, EngineInput, NamedTensor, TrainEngine } from './train-engine.js';

type Train = DatasetConfig['train'];
const shape = [16, 16, 3] as const;
const classes = 3;
const standardize = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] };
const settings = (train: object): Train => parseDatasetConfig({ train }, 'dataset.json').train;

const model = (dropout = 0, seed = 7): Promise<LayersModel> =>
  seedModel({
    shape,
    classes,
    seed,
    standardize,
    network: { filters: [4, 8], dropout, denseUnits: 16 },
  });

/** Five pictures of noise, whose brightness tells a little of their class. */
function batch(index: number): EngineBatch {
  const random = randomStream(3, ['batch', String(index)]);
  const labels = Int32Array.from({ length: 5 }, () => random.below(classes));
  const pixels = new Uint8Array(5 * 16 * 16 * 3);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = random.below(200) + 20 * (labels[Math.floor(i / 768)] as number);
  }
  return { pixels, labels };
}

/** The same steps by Keras 3 on TensorFlow, from the same weights, for every case. */
const KERAS = `
import keras, numpy as np, tensorflow as tf
from keras import layers
kinds = {"sgd": keras.optimizers.SGD, "rmsprop": keras.optimizers.RMSprop, "adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}
def run(case):
    net = keras.Sequential([keras.Input((16, 16, 3)),
      layers.Rescaling(1 / 255),
      layers.Normalization(mean=ARGS["mean"], variance=[s * s for s in ARGS["std"]]),
      layers.Conv2D(4, 3, padding="same", activation="relu"), layers.MaxPooling2D(),
      layers.Conv2D(8, 3, padding="same", activation="relu"), layers.MaxPooling2D(),
      layers.Flatten(), layers.Dense(16, activation="relu"), layers.Dense(3)])
    trained = net.trainable_variables
    for variable, tensor in zip(trained, ARGS["weights"]):
        variable.assign(np.array(tensor["values"], "float32").reshape(tensor["shape"]))
    options = {name: value if isinstance(value, bool) else float(value) for name, value in case["options"].items()}
    optimizer = kinds[case["optimizer"]](**options)
    cross_entropy = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=case["smoothing"])
    losses = []
    for step in ARGS["batches"]:
        x = np.array(step["pixels"], "float32").reshape(-1, 16, 16, 3)
        y = keras.ops.one_hot(np.array(step["labels"]), 3)
        weights = None if case["weights"] is None else np.array(case["weights"], "float32")[step["labels"]]
        with tf.GradientTape() as tape:
            loss = cross_entropy(y, net(x, training=True), sample_weight=weights)
        optimizer.apply(tape.gradient(loss, trained), trained)
        losses.append(float(loss))
    return {"losses": losses, "weights": [variable.numpy().ravel() for variable in trained]}
RESULT = [run(case) for case in ARGS["cases"]]
`;

/** Options by Keras' names. */
const KERAS_NAMES: Record<string, string> = {
  learningRate: 'learning_rate',
  beta1: 'beta_1',
  beta2: 'beta_2',
  weightDecay: 'weight_decay',
};

const plain = (tensors: readonly NamedTensor[]) =>
  tensors
    .filter(({ name }) => !name.startsWith('standardize/'))
    .map(({ shape: sides, values }) => ({ shape: sides, values: Array.from(values) }));

interface Trajectory {
  losses: number[];
  weights: number[][];
}

const cases: [name: string, settings: Train, classWeights: Float32Array | null][] = (
  [
    ['rmsprop', {}],
    ['sgd', { optimizer: { name: 'sgd' } }],
    ['sgd with momentum', { optimizer: { name: 'sgd', momentum: 0.9 } }],
    ['sgd with Nesterov momentum', { optimizer: { name: 'sgd', momentum: 0.9, nesterov: true } }],
    ['adam', { optimizer: { name: 'adam' } }],
    ['adamw', { optimizer: { name: 'adamw', weightDecay: 0.05 } }],
    ['clipping', { globalClipNorm: 0.05, optimizer: { name: 'sgd' } }],
    ['label smoothing', { labelSmoothing: 0.1 }],
    ['class weights', {}, Float32Array.of(0.5, 1, 2.5)],
  ] as [string, object, Float32Array?][]
).map(([name, given, classWeights]) => [name, settings(given), classWeights ?? null]);

const tenBatches = Array.from({ length: 10 }, (_, i) => batch(i));

async function keras(): Promise<Trajectory[]> {
  const network = await model();
  const start = network.weights.map((weight) => ({
    name: weight.originalName,
    shape: weight.shape as number[],
    values: weight.read().dataSync() as Float32Array,
  }));
  return runPython(KERAS, {
    ...standardize,
    weights: plain(start),
    cases: cases.map(([, { optimizer, globalClipNorm, labelSmoothing }, classWeights]) => {
      const { name, ...options } = optimizer;
      const named = Object.entries(options).map(([key, value]) => [KERAS_NAMES[key] ?? key, value]);
      if (globalClipNorm !== null) named.push(['global_clipnorm', globalClipNorm]);
      const weights = classWeights === null ? null : Array.from(classWeights);
      return { optimizer: name, options: Object.fromEntries(named), smoothing: labelSmoothing, weights };
    }),
    batches: tenBatches.map(({ pixels, labels }) => ({
      pixels: Array.from(pixels),
      labels: Array.from(labels),
    })),
  }) as Trajectory[];
}

const layersOn = async (input: EngineInput) => {
  const { backend } = await chooseBackend(input.model);
  return layersEngine(input, backend);
};

const engines: [string, (input: EngineInput) => Promise<TrainEngine>][] = [
  ['graph', graphEngine],
  ['layers', layersOn],
];

/** The largest difference of any two numbers in the same place. */
const farthest = (ours: readonly number[], theirs: readonly number[]) => {
  expect(ours).toHaveLength(theirs.length);
  return Math.max(...ours.map((value, i) => Math.abs(value - (theirs[i] as number))));
};

let reference: Trajectory[];
beforeAll(async () => {
  reference = await keras();
});

describe.each(engines)('the %s engine', (_, make) => {
  const open: { dispose(): void }[] = [];
  const engine = async (train: Train, network: LayersModel, classWeights: Float32Array | null = null) => {
    const made = await make({ model: network, options: { ...train, classWeights } });
    open.push(made, network);
    return made;
  };
  afterEach(() => open.splice(0).forEach((made) => made.dispose()));

  it.each(cases)('takes ten steps as Keras does: %s', async (name, train, classWeights) => {
    const subject = await engine(train, await model(), classWeights);
    const losses: number[] = [];
    for (const [i, next] of tenBatches.entries()) {
      const step = { learningRate: train.optimizer.learningRate, seed: i };
      losses.push((await subject.train(next, step)).loss);
    }
    const theirs = reference[cases.findIndex(([other]) => other === name)] as Trajectory;
    expect(farthest(losses, theirs.losses)).toBeLessThan(2e-5);
    const end = plain(await subject.readWeights());
    end.forEach(({ values }, i) =>
      expect(farthest(values, theirs.weights[i] as number[])).toBeLessThan(5e-5),
    );
  });

  it('leaves the standardizing layer as it is and learns', async () => {
    const subject = await engine(settings({}), await model());
    const before = await subject.readWeights();
    const losses: number[] = [];
    for (let i = 0; i < 30; i++) {
      losses.push((await subject.train(batch(0), { learningRate: 0.003, seed: i })).loss);
    }
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 4);
    const frozen = (tensors: readonly NamedTensor[]) =>
      tensors.filter(({ name }) => name.startsWith('standardize/'));
    expect(frozen(before)).toHaveLength(4);
    expect(frozen(await subject.readWeights())).toEqual(frozen(before));
  });

  it('evaluates and predicts alike, and its loss is the cross-entropy of its probabilities', async () => {
    const subject = await engine(settings({}), await model(0.5));
    const { pixels, labels } = batch(1);
    const { probabilities, losses } = await subject.evaluate({ pixels, labels });
    expect(await subject.predict(pixels, 5)).toEqual(probabilities);
    labels.forEach((label, row) => {
      const own = probabilities.slice(row * classes, (row + 1) * classes);
      expect(own.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      expect(losses[row]).toBeCloseTo(-Math.log(own[label] as number), 4);
    });
  });

  it('leaves the definition of the model as it was', async () => {
    const network = await model(0.5);
    const before = network.toJSON();
    const subject = await engine(settings({}), network);
    await subject.train(batch(0), { learningRate: 0.01, seed: 1 });
    expect(network.toJSON()).toEqual(before);
  });

  it('takes any batch size, and its dropout is that of the seed', async () => {
    const train = settings({});
    const one = { pixels: batch(0).pixels.subarray(0, 768), labels: Int32Array.of(2) };
    const run = async (seed: number) => {
      const subject = await engine(train, await model(0.5));
      await subject.train(one, { learningRate: 0.01, seed });
      await subject.train(batch(4), { learningRate: 0.01, seed: seed + 1 });
      return subject.readWeights();
    };
    expect(await run(5)).toEqual(await run(5));
    expect(await run(5)).not.toEqual(await run(6));
  });

  it.each<[string, object]>([
    ['rmsprop', {}],
    ['adam', { optimizer: { name: 'adam' } }],
  ])('goes on from a state bit for bit: %s', async (_name, given) => {
    const train = settings(given);
    const steps = async (subject: TrainEngine, from: number, to: number) => {
      for (let i = from; i < to; i++) await subject.train(batch(i), { learningRate: 0.01, seed: i });
    };
    const whole = await engine(train, await model(0.3));
    await steps(whole, 0, 6);
    const first = await engine(train, await model(0.3));
    await steps(first, 0, 3);
    const saved = await first.readState();
    const second = await engine(train, await model(0.3, 99));
    await second.writeState(saved);
    await steps(second, 3, 6);
    expect(await second.readState()).toEqual(await whole.readState());
  });

  it.each<[string, Partial<EngineBatch>, RegExp]>([
    [
      'a label above the classes',
      { labels: Int32Array.of(0, 1, 2, 3, 0) },
      /label of its picture 3 is 3, the classes are 0 to 2/,
    ],
    ['a negative label', { labels: Int32Array.of(-1, 1, 2, 0, 0) }, /label of its picture 0 is -1/],
    [
      'a picture too few',
      { labels: Int32Array.of(0, 1, 2, 0, 1, 1) },
      /3840 values are not 6 pictures of 16x16x3/,
    ],
    ['no picture', { pixels: new Uint8Array(), labels: new Int32Array() }, /it is empty/],
  ])('refuses %s', async (_name, change, message) => {
    const subject = await engine(settings({}), await model());
    const wrong = { ...batch(0), ...change };
    await expect(subject.train(wrong, { learningRate: 0.01, seed: 0 })).rejects.toThrow(message);
  });

  it('refuses the state of another optimizer', async () => {
    const rmsprop = await engine(settings({}), await model());
    const sgd = await engine(settings({ optimizer: { name: 'sgd' } }), await model());
    await expect(sgd.readState().then((state) => rmsprop.writeState(state))).rejects.toThrow(
      /Cannot restore the training state/,
    );
  });
});
