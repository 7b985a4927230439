import type { layers, LayersModel, Tensor } from '@tensorflow/tfjs';
import { AtelierError, randomStream, type DatasetConfig } from '@atelier/core';
import { loadTfjs, type Tfjs } from '../load-tfjs.js';

/** What {@link seedModel} builds from. */
export interface SeedModelOptions {
  /** Of one picture: [height, width, channels]. */
  readonly shape: readonly [number, number, number];
  /** Number of classes, that is of output units. */
  readonly classes: number;
  /** Convolutions, dropout and dense width: `train.model` of dataset.json. */
  readonly network: DatasetConfig['train']['model'];
  /** Per-channel mean and standard deviation, in [0, 1], that training standardizes by; null = none. */
  readonly standardize: { readonly mean: readonly number[]; readonly std: readonly number[] } | null;
  /** The dataset's seed: equal seeds give equal starting weights. */
  readonly seed: number;
}

type Layer = layers.Layer;

/**
 * The seed's convolutional network with its starting weights, as a TF.js LayersModel of built-in layers only:
 * Rescaling 1/255, [a frozen BatchNormalization that standardizes], for each entry of `filters` Conv2D 3x3 same relu
 * and MaxPooling 2x2, then Dropout, Flatten, Dense relu, Dense softmax.
 *
 * Input float32 [batch, height, width, channels] with values 0-255 (the pixels); output float32 [batch, classes],
 * probabilities. Kernels start as Keras starts them: Glorot uniform (Glorot and Bengio, "Understanding the difficulty
 * of training deep feedforward neural networks", 2010), biases zero.
 * @throws AtelierError MODEL_INVALID where the pictures are too small for the poolings, or a deviation is not positive
 */
export async function seedModel(options: SeedModelOptions): Promise<LayersModel> {
  checkOptions(options);
  const tf = await loadTfjs();
  const model = tf.sequential({ name: 'atelier_seed' });
  for (const layer of seedLayers(tf, options)) {
    // the weights are set below; without this, every kernel would first be drawn by the layer itself
    layer.setFastWeightInitDuringBuild(true);
    model.add(layer);
  }
  initializeWeights(tf, model, options);
  return model;
}

function checkOptions({ shape, classes, network, standardize }: SeedModelOptions): void {
  const least = 2 ** network.filters.length;
  const small = Math.min(shape[0], shape[1]) < least;
  const badStd = standardize?.std.find((std) => !(std > 0));
  if (!small && badStd === undefined && classes >= 1) return;
  throw new AtelierError({
    code: 'MODEL_INVALID',
    action: 'build the model',
    problem: small
      ? `pictures of ${shape[1]}x${shape[0]} pixels vanish in ${network.filters.length} poolings`
      : badStd !== undefined
        ? `a standard deviation is ${badStd}`
        : `there are ${classes} classes`,
    hint: small
      ? `Make resize.width and resize.height at least ${least}, or shorten train.model.filters.`
      : badStd !== undefined
        ? 'Give normalize.std values above 0.'
        : 'Put pictures into at least one class folder.',
  });
}

function seedLayers(tf: Tfjs, { shape, classes, network, standardize }: SeedModelOptions): Layer[] {
  const normalizing: Layer[] = [
    tf.layers.rescaling({ name: 'rescaling', scale: 1 / 255, inputShape: [...shape] }),
  ];
  if (standardize !== null) {
    normalizing.push(tf.layers.batchNormalization({ name: 'standardize', epsilon: 0, trainable: false }));
  }
  const convolutions = network.filters.flatMap((filters, i): Layer[] => [
    tf.layers.conv2d({
      name: `conv_${i + 1}`,
      filters,
      kernelSize: 3,
      padding: 'same',
      activation: 'relu',
      kernelInitializer: 'glorotUniform',
    }),
    tf.layers.maxPooling2d({ name: `pool_${i + 1}`, poolSize: 2, strides: 2 }),
  ]);
  return [
    ...normalizing,
    ...convolutions,
    tf.layers.dropout({ name: 'dropout', rate: network.dropout }),
    tf.layers.flatten({ name: 'flatten' }),
    tf.layers.dense({
      name: 'dense',
      units: network.denseUnits,
      activation: 'relu',
      kernelInitializer: 'glorotUniform',
    }),
    tf.layers.dense({
      name: 'probabilities',
      units: classes,
      activation: 'softmax',
      kernelInitializer: 'glorotUniform',
    }),
  ];
}

function initializeWeights(tf: Tfjs, model: LayersModel, { standardize, seed }: SeedModelOptions): void {
  tf.tidy(() => {
    for (const layer of model.layers) {
      const shapes = layer.getWeights().map((weight) => weight.shape);
      if (shapes.length === 0) continue;
      layer.setWeights(
        layer.name === 'standardize' && standardize !== null
          ? standardizingWeights(tf, standardize)
          : shapes.map((shape) =>
              shape.length > 1 ? glorotUniform(tf, shape, { seed, name: layer.name }) : tf.zeros(shape),
            ),
      );
    }
  });
}

/** gamma, beta, moving mean, moving variance, such that the layer computes (x - mean) / std. */
function standardizingWeights(
  tf: Tfjs,
  { mean, std }: { mean: readonly number[]; std: readonly number[] },
): Tensor[] {
  const variance = std.map((value) => value * value);
  return [tf.ones([mean.length]), tf.zeros([mean.length]), tf.tensor1d([...mean]), tf.tensor1d(variance)];
}

/** Keras' GlorotUniform: uniform in ±sqrt(6 / (fanIn + fanOut)), where a convolution's fans count its window. */
function glorotUniform(tf: Tfjs, shape: number[], from: { seed: number; name: string }): Tensor {
  const window = shape.slice(0, -2).reduce((product, side) => product * side, 1);
  const [fanIn, fanOut] = shape.slice(-2).map((channels) => channels * window) as [number, number];
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  const random = randomStream(from.seed, ['train', 'initialize', from.name]);
  const values = new Float32Array(shape.reduce((product, side) => product * side, 1));
  for (let i = 0; i < values.length; i++) values[i] = random.uniform(-limit, limit);
  return tf.tensor(values, shape);
}
