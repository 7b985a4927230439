import type { Graph } from '../build/graph.js';
import type { Tensor } from '../build/tensor.js';
import type { LayerCall } from '../model/description.js';

/** What a step of a layer works with while its part of the graph is written. */
export interface LayerContext {
  readonly graph: Graph;
  /** True in the graph of the training step, false in evaluation, prediction and export. */
  readonly training: boolean;
  /** The value of a weight, by what it is to the layer ("kernel"), in the type that the step works in. */
  weight(role: string): Tensor;
  /** Whether the layer has such a weight at all. */
  hasWeight(role: string): boolean;
  /** Whether the optimizer wants the gradient of that weight. */
  trains(role: string): boolean;
  /**
   * Changes a weight that is not trained by gradients (a moving average) at the end of the step.
   * @param change from the value it will have by then to the new one: a shared layer changes it at each of its uses
   */
  assign(role: string, change: (value: Tensor) => Tensor): void;
  /** Two int32 that differ with the seed of the run, the step and the layer. */
  seed(): Tensor;
}

/** The gradients that a step's backward pass gives: of the loss with respect to its inputs and its weights. */
export interface StepGradients {
  /** In the order of the step's inputs; undefined where it was not wanted. */
  inputs: readonly (Tensor | undefined)[];
  /** By role; only of weights that are trained. */
  weights?: Readonly<Record<string, Tensor>>;
}

/** What a step's forward pass gives: its output, and how to come back through it. */
export interface StepResult {
  output: Tensor;
  /**
   * Emits the backward pass.
   * @param gradient of the loss with respect to the output, of its shape
   * @param wanted for each input, whether its gradient is wanted: something below it is trained
   * @param at the output where the gradient is taken, for a step of kind `relu` that is followed by a max pooling:
   * the pooled output instead of all of it
   */
  backward(gradient: Tensor, wanted: readonly boolean[], at?: Tensor): StepGradients;
}

/**
 * One step of a layer: the convolution, the bias or the activation of a Conv2D. Layers are taken apart into steps
 * so that a step may change places with its neighbour where that gives the same numbers for less work.
 */
export interface Step {
  /** Name of the step's nodes below the layer's name. */
  readonly name: string;
  /** Emits the forward pass. */
  forward(context: LayerContext, inputs: readonly Tensor[]): StepResult;
  readonly kind?: StepKind;
  readonly narrow?: Narrow;
}

/**
 * What a step does in mixed precision. `always`: its products are computed in bfloat16. `follows`: it works in the
 * type that it is given. Left out: it works in float32.
 */
export type Narrow = 'always' | 'follows';

/**
 * What the compiler needs to know of a step.
 * - `convolution`: TensorFlow runs a `shift` and a `relu` right behind it as part of it, for nothing.
 * - `shift`: adds a number per channel; its backward pass looks at no values but the gradient.
 * - `relu`: never decreasing, and its backward pass looks at no values but the gradient and the output.
 * - `monotone`: element by element never decreasing, so that max pooling before it or after it gives the same, as it
 *   does for `shift` and `relu`.
 * - `maxPooling`: a max pooling over the picture.
 * - `softmax`: at the end of a model the loss takes its input, the logits.
 */
export type StepKind = 'convolution' | 'shift' | 'relu' | 'monotone' | 'maxPooling' | 'softmax';

/** Takes one use of a layer apart into steps, first to last; refuses what it cannot compile. */
export type Lower = (call: LayerCall) => readonly Step[];

/** A step with one input, the common case. */
export function singleInput(
  name: string,
  forward: (context: LayerContext, input: Tensor) => SingleResult,
  traits: Pick<Step, 'kind' | 'narrow'> = {},
): Step {
  return {
    name,
    forward: (context, [input]) => {
      const { output, backward } = forward(context, input!);
      return {
        output,
        backward: (gradient, [wanted], at) => {
          const { input: inputGradient, weights } = backward(gradient, wanted!, at);
          return { inputs: [inputGradient], ...(weights !== undefined && { weights }) };
        },
      };
    },
    ...traits,
  };
}

/** The result of a step with one input. */
export interface SingleResult {
  output: Tensor;
  backward(
    gradient: Tensor,
    wanted: boolean,
    at?: Tensor,
  ): { input: Tensor | undefined; weights?: Readonly<Record<string, Tensor>> };
}
