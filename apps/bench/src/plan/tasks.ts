/** Whose program a contender is. */
export type Side = 'ours' | 'keras' | 'tfjs';

/** One program in one setting, measured beside others that do the same work. */
export interface Contender {
  readonly name: string;
  readonly side: Side;
  /** What its program is asked to do, see peers/ and src/peer/. */
  readonly mode: string;
  /** Its settings, for people. */
  readonly settings: string;
  /** Whether Keras compiles with XLA; where it is left out, what was found to be faster. */
  readonly xla?: boolean;
  /** Needs a processor with bfloat16 products; left out where there are none. */
  readonly bfloat16?: true;
  /** Measured for comparison: the task's goals do not count against it. */
  readonly apart?: true;
}

/** One piece of work that several contenders do. */
export interface Task {
  readonly name: string;
  readonly title: string;
  /** What one measured duration is of. */
  readonly unit: 'step' | 'forward pass' | 'evaluation' | 'epoch';
  /** Whether it works on the bench's dataset; else on one batch of noise in memory. */
  readonly onDataset: boolean;
  /**
   * Units at the start of each turn that are not counted: what the contender before left in the processor's caches is
   * driven out, and a pipeline that the turn has opened gets under way.
   */
  readonly lead: number;
  /** Whether a turn counts its share of `steps` units, or one. */
  readonly turn: 'steps' | 'one';
  readonly contenders: readonly Contender[];
  /** Our median over the fastest of a side's that is not apart: what this project set out to reach. */
  readonly goals: Readonly<Partial<Record<Side, number>>>;
  /** The same of the peak memory, over the smallest of a side's. */
  readonly memoryGoals: Readonly<Partial<Record<Side, number>>>;
}

const graph = (mode: string, settings: string): Contender => ({
  name: 'graph',
  side: 'ours',
  mode,
  settings,
});
const bfloat16 = (mode: string): Contender => ({
  ...graph(
    `${mode}-bfloat16`,
    'the same with train.precision mixed_bfloat16, as Keras names it; not the default',
  ),
  name: 'graph, bfloat16',
  bfloat16: true,
});
const keras = (name: string, mode: string, settings: string): Contender => ({
  name: `Keras ${name}`.trim(),
  side: 'keras',
  mode,
  settings,
});
const tfjs = (name: string, mode: string, settings: string): Contender => ({
  name: `tfjs-node ${name}`,
  side: 'tfjs',
  mode,
  settings,
});

const inMemory = { onDataset: false, lead: 1, turn: 'steps', goals: {}, memoryGoals: {} } as const;
const shards = "Arrow shards (float32) through the trainer's loader thread, shuffled anew each epoch";
const jpegs = 'image_dataset_from_directory over the resized JPEGs, parallel and prefetching';
const cached = 'the same, decoded once and cached in memory (cache, shuffle, prefetch)';

/** Everything that is measured, in this order. */
export const TASKS: readonly Task[] = [
  {
    ...inMemory,
    name: 'train',
    title: 'Training step, the batch in memory',
    unit: 'step',
    contenders: [
      graph('train', 'uint8 pictures, copied into TensorFlow by each step'),
      bfloat16('train'),
      keras('train_on_batch', 'train-on-batch', 'float32 tensors that lie ready in TensorFlow'),
      keras('fit', 'train-fit', 'the same tensors, repeated by tf.data; times between ends of steps'),
      tfjs('fit', 'fit', 'a float32 tensor that lies ready; times between ends of batches'),
      tfjs('trainOnBatch', 'train-on-batch', 'the same tensor'),
    ],
    goals: { keras: 0.8, tfjs: 0.3 },
    memoryGoals: { tfjs: 0.5 },
  },
  {
    ...inMemory,
    name: 'augmented',
    title: 'Whole training step: data, five random layers, update',
    unit: 'step',
    onDataset: true,
    lead: 4,
    contenders: [
      graph('augmented', `${shards}; transforms there, one resample per picture`),
      bfloat16('augmented'),
      keras('', 'augmented', `${jpegs}; the five layers in the model`),
      keras('cached', 'augmented-cached', cached),
      {
        ...keras(
          'mapped',
          'augmented-mapped',
          `${cached}; the five layers mapped over the data in parallel, not in the model: beside the goal`,
        ),
        apart: true,
      },
    ],
    goals: { keras: 0.55 },
  },
  {
    ...inMemory,
    name: 'forward',
    title: 'Forward pass, the batch in memory',
    unit: 'forward pass',
    contenders: [
      graph('forward', 'uint8 pictures in, probabilities out'),
      keras('predict_on_batch', 'predict-on-batch', 'float32 tensors that lie ready in TensorFlow'),
      keras('tf.function', 'predict-function', 'the model called inside a compiled function, same tensors'),
      tfjs('predictOnBatch', 'predict', 'a float32 tensor that lies ready'),
    ],
    goals: { keras: 1 },
  },
  {
    ...inMemory,
    name: 'evaluate',
    title: 'Evaluation: loss and accuracy of several batches in memory',
    unit: 'evaluation',
    turn: 'one',
    contenders: [
      graph('evaluate', 'uint8 pictures, batch by batch'),
      keras('evaluate', 'evaluate', 'one call, float32 tensors that lie ready, repeated by tf.data'),
      tfjs('evaluate', 'evaluate', 'one call, one float32 tensor that lies ready'),
    ],
  },
  {
    ...inMemory,
    name: 'epoch',
    title: 'Whole epoch with its data, no augmentation',
    unit: 'epoch',
    onDataset: true,
    turn: 'one',
    lead: 0,
    contenders: [
      graph('epoch', shards),
      keras('fit', 'epoch', jpegs),
      keras('fit cached', 'epoch-cached', cached),
    ],
  },
  {
    ...inMemory,
    name: 'epoch-augmented',
    title: 'Whole epoch with its data, five random layers',
    unit: 'epoch',
    onDataset: true,
    turn: 'one',
    lead: 0,
    contenders: [
      graph('epoch-augmented', `${shards}; transforms there`),
      keras('fit', 'epoch-augmented', `${jpegs}; the five layers in the model`),
      keras('fit cached', 'epoch-augmented-cached', cached),
      keras('fit mapped', 'epoch-augmented-mapped', `${cached}; the five layers mapped over the data`),
    ],
  },
];

/** Decides whether Keras compiles its models with XLA here: measured before everything else, not listed. */
export const XLA_TRIAL: Task = {
  ...inMemory,
  name: 'xla',
  title: 'Keras with and without XLA',
  unit: 'step',
  contenders: [
    { ...keras('without XLA', 'train-on-batch', 'jit_compile=False'), xla: false },
    { ...keras('with XLA', 'train-on-batch', 'jit_compile="auto", its default'), xla: true },
  ],
};
