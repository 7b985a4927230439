/** Our contender: packages/graph's session, fed from memory or by the trainer's loader thread. */
import { compile, loadBinding, openSession, type CompileOptions, type TrainSession } from '@atelier/graph';
import type { ContenderOptions } from '../contender/protocol.js';
import { noiseBatch } from './noise-batch.js';
import { seedNetwork, seedTraining } from './seed-network.js';
import { serve, timed, type Mode, type RunTurn } from './serve.js';
import { trainerLoader, type BatchSource } from './trainer-loader.js';

type Precision = NonNullable<CompileOptions['precision']>;

async function open(options: ContenderOptions, precision: Precision = 'float32'): Promise<TrainSession> {
  const model = await seedNetwork(options);
  return openSession(compile(model, { optimizer: seedTraining.optimizer, precision }), loadBinding());
}

const train =
  (precision: Precision): Mode =>
  async (options) => {
    const session = await open(options, precision);
    const batch = noiseBatch(options);
    return timed(() => session.trainStep(batch).loss);
  };

const forward: Mode = async (options) => {
  const session = await open(options);
  const { images, count } = noiseBatch(options);
  return timed(() => {
    session.predict(images, count);
    return null;
  });
};

const evaluate: Mode = async (options) => {
  const session = await open(options);
  const batch = noiseBatch(options);
  return timed(() => {
    let loss = 0;
    let correct = 0;
    for (let i = 0; i < options.evaluateBatches; i++) {
      const { perSample, probabilities } = session.evaluate(batch);
      loss += perSample.reduce((sum, value) => sum + value, 0);
      correct += countCorrect(batch.labels, probabilities);
    }
    const pictures = options.evaluateBatches * batch.count;
    const summary = { loss: loss / pictures, accuracy: correct / pictures };
    return summary.loss;
  });
};

function countCorrect(labels: Int32Array, probabilities: Float32Array): number {
  const classes = probabilities.length / labels.length;
  return labels.reduce((correct, label, row) => {
    const own = probabilities.subarray(row * classes, (row + 1) * classes);
    return correct + (own.indexOf(Math.max(...own)) === label ? 1 : 0);
  }, 0);
}

/** Steps over the dataset; what is counted as a unit is the caller's. */
async function overDataset(options: ContenderOptions, augmented: boolean, precision?: Precision) {
  const session = await open(options, precision);
  const source = await trainerLoader(options.dataset as string, {
    batchSize: options.batchSize,
    augment: augmented ? seedTraining.augment : null,
  });
  return { session, steps: (epoch: number) => stepsOf({ session, source, options }, epoch) };
}

/** The training steps of one epoch, as the trainer's fit takes them; gives the loss of each. */
async function* stepsOf(
  { session, source, options }: { session: TrainSession; source: BatchSource; options: ContenderOptions },
  epoch: number,
): AsyncGenerator<number> {
  const pass = { split: 'train', batchSize: options.batchSize, epoch, fromStep: 0 } as const;
  for await (const { pixels, labels } of source.batches(pass)) {
    yield session.trainStep({ images: pixels, labels, count: labels.length, seed: epoch }).loss;
    // lets the loader's messages through: a native step blocks the thread
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Each turn opens the loader's pass anew, as each epoch does, so that it lives on no batch made while others ran. */
const steps =
  (precision: Precision): Mode =>
  async (options): Promise<RunTurn> => {
    const { steps: stepsOfEpoch } = await overDataset(options, true, precision);
    let epoch = 0;
    async function* endless(): AsyncGenerator<number, never> {
      for (;;) yield* stepsOfEpoch(epoch++);
    }
    return async (count) => {
      const losses = endless();
      const timings = await timed(async () => (await losses.next()).value)(count);
      await losses.return(undefined as never);
      return timings;
    };
  };

const epochs =
  (augmented: boolean): Mode =>
  async (options) => {
    const { steps: stepsOfEpoch } = await overDataset(options, augmented);
    let epoch = 0;
    return timed(async () => {
      let last = NaN;
      for await (const loss of stepsOfEpoch(epoch++)) last = loss;
      return last;
    });
  };

await serve(
  {
    train: train('float32'),
    'train-bfloat16': train('mixed_bfloat16'),
    forward,
    evaluate,
    augmented: steps('float32'),
    'augmented-bfloat16': steps('mixed_bfloat16'),
    epoch: epochs(false),
    'epoch-augmented': epochs(true),
  },
  () => ({ tensorflow: loadBinding().TF_Version }),
);
