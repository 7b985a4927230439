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

const optimizerSchema = z
  .strictObject({
    name: z.enum(['rmsprop']).default('rmsprop'),
    learningRate: z.number().positive().default(0.001),
    rho: z.number().min(0).max(1).default(0.9),
    momentum: z.number().min(0).max(1).default(0.1),
    epsilon: z.number().positive().default(1e-7),
  })
  .describe("Keras' definition.");

/** The `train` part of `dataset.json`. */
export const trainSchema = z
  .strictObject({
    epochs: z.int().min(1).default(20),
    batchSize: z.int().min(1).default(32),
    augment: trainAugmentSchema.nullable().prefault({}).describe('null trains on the pictures as they are.'),
    optimizer: optimizerSchema.prefault({}),
    engine: z
      .enum(['auto', 'graph', 'layers'])
      .default('auto')
      .describe(
        'graph: one TensorFlow graph per step; layers: tfjs LayersModel; auto: the best that is installed.',
      ),
  })
  .describe('How the model is trained.');
