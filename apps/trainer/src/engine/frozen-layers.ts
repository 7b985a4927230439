import type { LayersModel, Tensor } from '@tensorflow/tfjs';

/** What a layer's `call` is given besides its inputs. */
type CallOptions = Record<string, unknown>;

/** The part of a TF.js layer that is changed here. */
interface Callable {
  trainable: boolean;
  getClassName(): string;
  call(inputs: Tensor | Tensor[], options: CallOptions): Tensor | Tensor[];
}

/**
 * Makes frozen BatchNormalization layers use their moving statistics in training too, as Keras does; TF.js would take
 * the batch's and change the moving ones.
 * @returns undoes it
 */
export function frozenLayersInfer(model: LayersModel): () => void {
  const frozen = (model.layers as unknown as readonly Callable[]).filter(
    (layer) => !layer.trainable && layer.getClassName() === 'BatchNormalization',
  );
  const originals = frozen.map((layer) => layer.call);
  frozen.forEach((layer, i) => {
    const original = originals[i] as Callable['call'];
    layer.call = (inputs, options) => original.call(layer, inputs, { ...options, training: false });
  });
  return () => frozen.forEach((layer, i) => (layer.call = originals[i] as Callable['call']));
}
