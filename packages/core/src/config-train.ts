import { z } from 'zod';

const trainAugmentSchema = z
  .strictObject({
    flip: z
      .enum(['horizontal_and_vertical', 'horizontal', 'vertical', 'none'])
      .default('horizontal_and_vertical'),
    rotation: z.number().min(0).max(1).default(0.25).describe('Fraction of a full turn, either way.'),
    zoom: z.number().min(0).max(0.95).default(0.2).describe('Fraction, in or out.'),
    translation: z
      .strictObject({
        height: z.number().min(0).max(1).default(0.3),
        width: z.number().min(0).max(1).default(0.2),
      })
      .prefault({})
      .describe('Fractions of the side, either way.'),
    contrast: z.number().min(0).max(1).default(0.2).describe('Factor between 1 - contrast and 1 + contrast.'),
    fill: z.enum(['reflect', 'nearest', 'constant']).default('reflect'),
  })
  .describe("Random transforms of each training batch, as Keras' preprocessing layers define them.");

const modelSchema = z
  .strictObject({
    filters: z
      .array(z.int().min(1).max(4096))
      .min(1)
      .max(8)
      .default([16, 32, 64])
      .describe('One 3x3 convolution with ReLU and one 2x2 max pooling each.'),
    dropout: z.number().min(0).max(0.95).default(0.2).describe('Share dropped before the dense layers.'),
    denseUnits: z.int().min(1).max(65536).default(128).describe('Width of the hidden dense layer.'),
  })
  .describe('The convolutional network.');

/** What each optimizer can be told, with its defaults; all but the momentum of rmsprop are Keras' own. */
const OPTIMIZERS = {
  sgd: { learningRate: 0.01, momentum: 0, nesterov: false },
  rmsprop: { learningRate: 0.001, rho: 0.9, momentum: 0.1, epsilon: 1e-7 },
  adam: { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  adamw: { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0.004 },
};

/** What each learning-rate schedule can be told, with its defaults (Keras' where Keras has the schedule). */
const SCHEDULES = {
  constant: {},
  step: { everyEpochs: 10, factor: 0.1 },
  cosine: { warmupEpochs: 0, minLearningRate: 0 },
  reduce_on_plateau: { factor: 0.1, patience: 10, minDelta: 1e-4, minLearningRate: 0 },
};

/** One of several named kinds, each with options of its own and all their defaults filled in. */
type Named<Kinds> = {
  [K in keyof Kinds]: { name: K } & { -readonly [O in keyof Kinds[K]]: Kinds[K][O] };
}[keyof Kinds];

/** Fills in the defaults of the kind that was named, and refuses options that another kind has. */
function resolveNamed<Kinds extends Record<string, object>>(kinds: Kinds) {
  return (given: { name: keyof Kinds & string }, context: z.core.$RefinementCtx): Named<Kinds> => {
    const defaults: Record<string, unknown> = { ...kinds[given.name] };
    for (const [option, value] of Object.entries(given)) {
      if (option === 'name' || value === undefined) continue;
      if (option in defaults) {
        defaults[option] = value;
        continue;
      }
      const known = Object.keys(defaults).join(', ') || 'none';
      context.addIssue({
        code: 'custom',
        message: `${given.name} has no such option; its options: ${known}`,
        path: [option],
        input: given,
      });
    }
    return { name: given.name, ...defaults } as Named<Kinds>;
  };
}

const fraction = z.number().min(0).lt(1).optional();
const positive = z.number().positive().optional();

const optimizerSchema = z
  .strictObject({
    name: z.enum(['rmsprop', 'sgd', 'adam', 'adamw']).default('rmsprop'),
    learningRate: positive.describe('0.001; 0.01 for sgd.'),
    rho: fraction.describe('rmsprop: 0.9.'),
    momentum: fraction.describe('rmsprop: 0.1; sgd: 0.'),
    nesterov: z.boolean().optional().describe('sgd: false.'),
    beta1: fraction.describe('adam, adamw: 0.9.'),
    beta2: fraction.describe('adam, adamw: 0.999.'),
    epsilon: positive.describe('rmsprop, adam, adamw: 1e-7.'),
    weightDecay: z.number().min(0).optional().describe('adamw: 0.004.'),
  })
  .describe("Keras' definitions.")
  .transform(resolveNamed(OPTIMIZERS));

const scheduleSchema = z
  .strictObject({
    name: z.enum(['constant', 'step', 'cosine', 'reduce_on_plateau']).default('constant'),
    everyEpochs: z.int().min(1).optional().describe('step: 10.'),
    factor: z.number().positive().lt(1).optional().describe('step, reduce_on_plateau: 0.1.'),
    warmupEpochs: z.int().min(0).optional().describe('cosine: linear warm-up, 0.'),
    patience: z.int().min(1).optional().describe('reduce_on_plateau: epochs without improvement, 10.'),
    minDelta: z.number().min(0).optional().describe('reduce_on_plateau: what counts as improvement, 1e-4.'),
    minLearningRate: z.number().min(0).optional().describe('cosine, reduce_on_plateau: 0.'),
  })
  .describe('How the learning rate changes, from the one of the optimizer.')
  .transform(resolveNamed(SCHEDULES));

const earlyStoppingSchema = z
  .strictObject({
    patience: z.int().min(1).default(5).describe('Epochs without improvement before training ends.'),
    minDelta: z.number().min(0).default(0).describe('What counts as an improvement of the validation loss.'),
  })
  .describe('End when the validation loss no longer falls.');

/** The `train` part of `dataset.json`. */
export const trainSchema = z
  .strictObject({
    epochs: z.int().min(1).default(20),
    batchSize: z.int().min(1).default(32),
    augment: trainAugmentSchema.nullable().prefault({}).describe('null trains on the pictures as they are.'),
    model: modelSchema.prefault({}),
    optimizer: optimizerSchema.prefault({}),
    schedule: scheduleSchema.prefault({}),
    precision: z
      .enum(['float32', 'mixed_bfloat16'])
      .default('float32')
      .describe(
        'mixed_bfloat16 computes products in bfloat16 and keeps weights and updates in float32: faster where the ' +
          'processor has it, refused elsewhere; the graph engine alone.',
      ),
    globalClipNorm: z
      .number()
      .positive()
      .nullable()
      .default(null)
      .describe('Scale all gradients down to this L2 norm together; null = never.'),
    labelSmoothing: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .describe('Share of each label spread evenly over all classes, as Keras defines it.'),
    classWeights: z
      .enum(['none', 'balanced'])
      .default('none')
      .describe('balanced: weigh each class by n / (classes x its pictures), from the train split.'),
    earlyStopping: earlyStoppingSchema.nullable().default(null),
    checkpointMinutes: z
      .number()
      .positive()
      .nullable()
      .default(10)
      .describe('A checkpoint this often within an epoch too; null = at the end of each epoch only.'),
    tensorBoard: z.boolean().default(false).describe('Also write event files for TensorBoard.'),
    engine: z
      .enum(['auto', 'graph', 'layers'])
      .default('auto')
      .describe(
        'graph: one TensorFlow graph per step; layers: tfjs LayersModel; auto: the best that is installed.',
      ),
  })
  .describe('How the model is trained.');
