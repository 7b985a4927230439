import type { Graph } from '../build/graph.js';
import { add, addAll, cast } from '../build/operations.js';
import type { Tensor } from '../build/tensor.js';
import type { LayerContext, Step, StepResult } from '../layers/layer.js';
import type { DType } from '../proto/messages.js';
import type { LayerCall, WeightSpec } from './description.js';
import type { PlannedStep } from './plan-steps.js';

/** What the steps of one network share while they are written into a graph. */
export interface Network {
  readonly graph: Graph;
  readonly training: boolean;
  readonly weights: readonly WeightSpec[];
  /** The type of the products of convolutions and dense layers: float32, or bfloat16 for mixed precision. */
  readonly compute: 'float32' | 'bfloat16';
  /** The value of a weight, by its index. */
  read(weight: number): Tensor;
  /** Changes a weight at the end of the step. */
  assign(weight: number, change: (value: Tensor) => Tensor): void;
  /** The seed of the step, int32 [2]. */
  seed(): Tensor;
}

/** A network's forward pass: the result of every step, in their order. */
export interface ForwardPass {
  readonly results: readonly StepResult[];
  /** The output of the last step; the input where there are no steps. */
  readonly output: Tensor;
}

/** Emits the forward pass of all steps over `input`, below a scope per layer. */
export function emitForward(network: Network, steps: readonly PlannedStep[], input: Tensor): ForwardPass {
  const results: StepResult[] = [];
  const outputOf = (step: number) => (step === -1 ? input : results[step]!.output);
  steps.forEach((planned, index) => {
    const { call, step, inputs } = planned;
    const run = () => runStep(network, { ...planned, index }, inputs.map(outputOf));
    results.push(network.graph.within(`${call.name}/${step.name}`, run));
  });
  return { results, output: outputOf(steps.length - 1) };
}

/** Runs a step in the type it works in; what goes in and comes out is cast where that differs. */
function runStep(
  network: Network,
  { step, call, index }: PlannedStep & { index: number },
  inputs: readonly Tensor[],
): StepResult {
  const { graph } = network;
  const dtype = workingType(network, step, inputs);
  const context = layerContext(network, { call, index, dtype });
  const { output, backward } = step.forward(
    context,
    inputs.map((input) => cast(graph, input, dtype)),
  );
  return {
    output,
    backward: (gradient, wanted, at) => {
      const found = backward(cast(graph, gradient, output.dtype), wanted, at);
      return {
        inputs: found.inputs.map((part, position) => part && cast(graph, part, inputs[position]!.dtype)),
        weights: Object.fromEntries(
          Object.entries(found.weights ?? {}).map(([role, part]) => [role, cast(graph, part, 'float32')]),
        ),
      };
    },
  };
}

function workingType({ compute }: Network, { narrow }: Step, inputs: readonly Tensor[]): DType {
  if (narrow === 'always') return compute;
  const [first, ...others] = inputs;
  const alike = others.every(({ dtype }) => dtype === first?.dtype);
  return narrow === 'follows' && alike ? first!.dtype : 'float32';
}

/**
 * Emits the backward pass from `gradient`, the loss' gradient at the output of the last step, as far down as weights
 * are trained.
 * @returns the gradient of each trained weight that the loss depends on, by its index
 */
export function emitBackward(
  network: Network,
  { steps, results }: { steps: readonly PlannedStep[]; results: readonly StepResult[] },
  gradient: Tensor,
): Map<number, Tensor> {
  const { graph } = network;
  const last = steps.length - 1;
  const wanted = trainedBelow(steps, network.weights);
  const arrived = new Map<number, Tensor[]>([[last, [gradient]]]);
  const weightGradients = new Map<number, Tensor>();
  for (let index = last; index >= 0; index--) {
    const gradients = arrived.get(index);
    if (gradients === undefined || !wanted[index]) continue;
    const { step, call, inputs } = steps[index]!;
    graph.within(`gradients/${call.name}/${step.name}`, () => {
      const wantedInputs = inputs.map((input) => input >= 0 && wanted[input]!);
      const found = results[index]!.backward(addAll(graph, gradients), wantedInputs);
      inputs.forEach((input, position) => {
        const part = found.inputs[position];
        if (part !== undefined && wantedInputs[position]) {
          arrived.set(input, [...(arrived.get(input) ?? []), part]);
        }
      });
      for (const [role, part] of Object.entries(found.weights ?? {})) {
        const weight = call.weights[role]!;
        const other = weightGradients.get(weight);
        weightGradients.set(weight, other === undefined ? part : add(graph, other, part));
      }
    });
  }
  return weightGradients;
}

/** For each step, whether it or anything below it has a trained weight. */
function trainedBelow(steps: readonly PlannedStep[], weights: readonly WeightSpec[]): readonly boolean[] {
  const wanted: boolean[] = [];
  for (const { call, inputs } of steps) {
    const own = Object.values(call.weights).some((weight) => weights[weight]!.trainable);
    wanted.push(own || inputs.some((input) => input >= 0 && wanted[input]!));
  }
  return wanted;
}

function layerContext(
  network: Network,
  { call, index, dtype }: { call: LayerCall; index: number; dtype: DType },
): LayerContext {
  const { graph, training, weights } = network;
  const weightOf = (role: string): number => {
    const weight = call.weights[role];
    if (weight === undefined) throw new Error(`layer "${call.name}" has no weight "${role}"`);
    return weight;
  };
  return {
    graph,
    training,
    weight: (role) => cast(graph, network.read(weightOf(role)), dtype),
    hasWeight: (role) => call.weights[role] !== undefined,
    trains: (role) => weights[call.weights[role] ?? -1]?.trainable === true,
    assign: (role, change) => network.assign(weightOf(role), change),
    seed: () =>
      add(graph, network.seed(), graph.constant(Int32Array.of(layerSeed(index), 0), [2], 'layerSeed')),
  };
}

/** A number per layer that spreads over all 32 bits: multiples of 2^32 / golden ratio (Knuth, TAOCP 6.4). */
const layerSeed = (index: number) => Math.imul(index + 1, 0x9e3779b9);
