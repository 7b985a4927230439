import type { Step, StepGradients, StepResult } from '../layers/layer.js';
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
 * Rewrites the steps around each max pooling for training. The largest of f(x) is f of the largest x, so a pooling
 * may change places with the biases and activations directly below it:
 * - behind a convolution with at most a bias and a ReLU, which TensorFlow runs as one operation, the pooling stays
 *   where it is, and only the backward passes of bias and ReLU are taken after it, on a quarter of the elements;
 * - anywhere else the pooling goes first, and the rest of the work is done on a quarter of the elements.
 */
export function planPooling(steps: readonly PlannedStep[]): readonly PlannedStep[] {
  const uses = new Map<number, number>();
  for (const { inputs } of steps) inputs.forEach((input) => uses.set(input, (uses.get(input) ?? 0) + 1));
  const planned: (PlannedStep | undefined)[] = [...steps];

  for (const [top, { step, inputs }] of steps.entries()) {
    if (step.kind !== 'maxPooling') continue;
    const below: number[] = [];
    let base = inputs[0]!;
    while (base >= 0 && commutes(steps[base]!.step) && uses.get(base) === 1) {
      below.unshift(base);
      base = steps[base]!.inputs[0]!;
    }
    if (below.length === 0) continue;
    if (
      base >= 0 &&
      fuses(
        steps[base]!.step,
        below.map((index) => steps[index]!.step),
      )
    ) {
      const fused = poolAfter(
        below.map((index) => steps[index]!.step),
        step,
      );
      planned[top] = { step: fused, call: steps[base]!.call, inputs: [base] };
      for (const index of below) planned[index] = undefined;
    } else {
      hoist(planned as PlannedStep[], [...below, top]);
    }
  }
  return withoutGaps(planned);
}

const commutes = ({ kind }: Step) => kind === 'shift' || kind === 'relu' || kind === 'monotone';

/** Whether TensorFlow runs all of these as one operation: a convolution, perhaps a bias, perhaps a ReLU. */
function fuses(base: Step, above: readonly Step[]): boolean {
  const kinds = above.map(({ kind }) => kind).join();
  return base.kind === 'convolution' && ['shift', 'relu', 'shift,relu'].includes(kinds);
}

/** Steps and a pooling as one step, whose backward pass takes the steps' gradients at the pooled output. */
function poolAfter(above: readonly Step[], pooling: Step): Step {
  return {
    name: [...above, pooling].map(({ name }) => name).join('_'),
    narrow: 'follows',
    forward: (context, inputs) => {
      const results: StepResult[] = [];
      for (const step of above)
        results.push(step.forward(context, results.length ? [results.at(-1)!.output] : inputs));
      const pooled = pooling.forward(context, [results.at(-1)!.output]);
      return {
        output: pooled.output,
        backward: (gradient, wanted) => {
          let weights: StepGradients['weights'] = {};
          let arrived = gradient;
          for (const result of results.toReversed()) {
            const found = result.backward(arrived, [true], pooled.output);
            arrived = found.inputs[0]!;
            weights = { ...weights, ...found.weights };
          }
          return { ...pooled.backward(arrived, wanted), weights };
        },
      };
    },
  };
}

/** Moves the last of a chain of steps to its front; the places keep their inputs. */
function hoist(planned: PlannedStep[], chain: readonly number[]): void {
  const places = chain.map((index) => planned[index]!);
  const order = [places.at(-1)!, ...places.slice(0, -1)];
  chain.forEach((index, position) => {
    planned[index] = { ...order[position]!, inputs: places[position]!.inputs };
  });
}

/** The steps that are left, with the indices of their inputs put right. */
function withoutGaps(planned: readonly (PlannedStep | undefined)[]): readonly PlannedStep[] {
  const moved: number[] = [];
  const left: PlannedStep[] = [];
  for (const each of planned) {
    moved.push(left.length);
    if (each !== undefined) {
      left.push({ ...each, inputs: each.inputs.map((input) => (input === -1 ? -1 : moved[input]!)) });
    }
  }
  return left;
}
