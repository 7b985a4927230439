import type { LayersModel } from '@tensorflow/tfjs';

/** Copies of a model's weights, in the order of `LayersModel.getWeights()`. */
export function readWeights(model: LayersModel): Float32Array[] {
  // the tensors belong to the model: they are read, not disposed of
  return model.getWeights().map((tensor) => Float32Array.from(tensor.dataSync()));
}

/**
 * Writes weights into a model.
 * @param weights in the order of `model.getWeights()`, as a session gives them
 */
export async function writeWeights(model: LayersModel, weights: readonly Float32Array[]): Promise<void> {
  const { tensor } = await import('@tensorflow/tfjs');
  const shapes = model.weights.map((weight) => weight.shape as number[]);
  const tensors = weights.map((values, index) => tensor(values, shapes[index]));
  try {
    model.setWeights(tensors);
  } finally {
    tensors.forEach((each) => each.dispose());
  }
}
