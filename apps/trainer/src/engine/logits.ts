import { AtelierError } from '@atelier/core';
import type { Tfjs } from '@atelier/model';
import type { LayersModel, layers, SymbolicTensor, Tensor, Tensor2D } from '@tensorflow/tfjs';

/**
 * The model up to, but without, its final softmax: cross-entropy is computed from these logits, because from rounded
 * probabilities it loses precision, and softmax of a softmax is another loss.
 * @returns a function from pixels float32 [batch, height, width, channels] to logits float32 [batch, classes]
 * @throws AtelierError MODEL_UNSUPPORTED where the model does not end in a Dense or Activation layer with softmax
 */
export function logitsOf(tf: Tfjs, model: LayersModel): (pixels: Tensor, training: boolean) => Tensor2D {
  const last = model.layers.at(-1) as layers.Layer;
  const { activation, useBias } = last.getConfig() as { activation?: string; useBias?: boolean };
  const className = last.getClassName();
  const dense = className === 'Dense' && activation === 'softmax';
  if (!dense && className !== 'Softmax' && !(className === 'Activation' && activation === 'softmax')) {
    throw new AtelierError({
      code: 'MODEL_UNSUPPORTED',
      action: 'train the model',
      problem: `its last layer "${last.name}" (${className}) does not end in a softmax`,
      hint: 'End it with a Dense layer whose activation is softmax.',
    });
  }
  const body = tf.model({ inputs: model.inputs, outputs: last.input as SymbolicTensor });
  return (pixels: Tensor, training: boolean): Tensor2D => {
    const features = body.apply(pixels, { training }) as Tensor2D;
    if (!dense) return features;
    const [kernel, bias] = last.weights.map((weight) => weight.read()) as [Tensor2D, Tensor];
    const product: Tensor2D = tf.matMul(features, kernel);
    return useBias === false ? product : tf.add(product, bias);
  };
}
