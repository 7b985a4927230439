import { AtelierError } from '@atelier/core';
import type { Shape } from '../build/tensor.js';

/** One weight of a model, in the order of `LayersModel.getWeights()`. */
export interface WeightSpec {
  /** The name it has in a saved model.json: `conv2d_1/kernel`. Unique. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether the optimizer changes it. */
  readonly trainable: boolean;
  /** Penalty on its values: l1 * sum(|w|) + l2 * sum(w²), as Keras defines it. */
  readonly regularizer?: { readonly l1: number; readonly l2: number };
}

/** One use of a layer in a model. */
export interface LayerCall {
  readonly name: string;
  /** The tfjs class, "Conv2D". */
  readonly className: string;
  /** The layer's own configuration, as `layer.getConfig()` gives it. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Indices of the calls whose outputs this one takes; -1 is the model's input. */
  readonly inputs: readonly number[];
  readonly inputShapes: readonly Shape[];
  readonly outputShape: Shape;
  /** Indices into the model's weights, by what they are to the layer: kernel, bias, gamma, … */
  readonly weights: Readonly<Record<string, number>>;
  /** False for a frozen layer: it and whatever contains it must all be trainable. */
  readonly trainable: boolean;
}

/** A model as plain data, made by {@link describeModel}: what is computed in which order, without the numbers. */
export interface ModelDescription {
  readonly name: string;
  /** Shape of one input without the batch: [height, width, channels]. */
  readonly inputShape: readonly number[];
  /** The calls in an order in which each comes after its inputs; the last one gives the model's output. */
  readonly calls: readonly LayerCall[];
  readonly weights: readonly WeightSpec[];
}

/** The refusal of a model that cannot be compiled; training has not begun. */
export function unsupported(what: string, problem: string): AtelierError {
  return new AtelierError({
    code: 'MODEL_UNSUPPORTED',
    action: 'compile the model to a TensorFlow graph',
    problem: `${what} ${problem}`,
    hint: 'Change it, or train on the layers engine (the tfjs LayersModel itself), which is slower and runs every layer.',
  });
}

/** The refusal of a layer, by its name and class. */
export function unsupportedLayer(
  { name, className }: { name: string; className: string },
  problem: string,
): AtelierError {
  return unsupported(`layer "${name}" (${className})`, problem);
}

/** A number of a layer's configuration. */
export function numberOption(call: LayerCall, key: string): number {
  const value = call.config[key];
  if (typeof value !== 'number') throw unsupportedLayer(call, `has no number ${key} in its configuration`);
  return value;
}

/** A pair (height, width) of a layer's configuration; one number stands for both. */
export function pairOption(call: LayerCall, key: string): readonly [number, number] {
  const value = call.config[key];
  if (typeof value === 'number') return [value, value];
  if (Array.isArray(value) && value.length === 2) return [Number(value[0]), Number(value[1])];
  if (Array.isArray(value) && value.length === 1) return [Number(value[0]), Number(value[0])];
  throw unsupportedLayer(call, `has no pair of numbers ${key} in its configuration`);
}

/** "SAME" or "VALID"; any other padding is refused. */
export function paddingOption(call: LayerCall): 'SAME' | 'VALID' {
  const { padding } = call.config;
  if (padding === 'same') return 'SAME';
  if (padding === 'valid') return 'VALID';
  throw unsupportedLayer(call, `pads with "${String(padding)}"; "same" and "valid" can be compiled`);
}

/** Refuses pictures whose channels do not come last. */
export function requireChannelsLast(call: LayerCall): void {
  const { dataFormat } = call.config;
  if (dataFormat !== undefined && dataFormat !== null && dataFormat !== 'channelsLast') {
    throw unsupportedLayer(call, `has dataFormat "${String(dataFormat)}"; "channelsLast" can be compiled`);
  }
}
