import type { Step } from '../layers/layer.js';
import { lowerLayer } from '../layers/registry.js';
import type { LayerCall, ModelDescription } from './description.js';

/** A step in its place in the model. */
export interface PlannedStep {
  readonly step: Step;
  /** The use of a layer that it belongs to. */
  readonly call: LayerCall;
  /** Indices of the steps whose outputs it takes; -1 is the model's input. */
  readonly inputs: readonly number[];
}

/**
 * The model as steps, each after its inputs; the last one gives the model's output.
 * @throws AtelierError MODEL_UNSUPPORTED naming the first layer that cannot be compiled
 */
export function planSteps({ calls }: ModelDescription): readonly PlannedStep[] {
  const planned: PlannedStep[] = [];
  // the step that gives each call's output; a call without steps passes its input on
  const outputs: number[] = [];
  for (const call of calls) {
    let inputs = call.inputs.map((input) => (input === -1 ? -1 : outputs[input]!));
    for (const step of lowerLayer(call)) {
      planned.push({ step, call, inputs });
      inputs = [planned.length - 1];
    }
    outputs.push(inputs[0] ?? -1);
  }
  return planned;
}

/**
 * Moves each max pooling in front of the biases and activations directly below it: the largest of f(x) is f of the
 * largest x, and the rest of the work is done on a quarter of the elements. For training; in inference TensorFlow
 * fuses bias and ReLU into the convolution instead, which is faster still.
 */
export function hoistMaxPooling(steps: readonly PlannedStep[]): readonly PlannedStep[] {
  const hoisted = [...steps];
  const uses = new Map<number, number>();
  for (const { inputs } of steps) inputs.forEach((input) => uses.set(input, (uses.get(input) ?? 0) + 1));

  for (const start of steps.keys()) {
    let at = start;
    for (;;) {
      const here = hoisted[at]!;
      const belowIndex = here.inputs[0] ?? -1;
      const below = hoisted[belowIndex];
      const movable =
        here.step.kind === 'maxPooling' && below?.step.kind === 'monotone' && uses.get(belowIndex) === 1;
      if (!movable) break;
      // the two change places; whatever takes the pooling's output now takes the activation's
      hoisted[at] = { ...below, inputs: here.inputs };
      hoisted[belowIndex] = { ...here, inputs: below.inputs };
      at = belowIndex;
    }
  }
  return hoisted;
}
