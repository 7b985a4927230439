import type { Graph } from '../build/graph.js';
import type { Tensor } from '../build/tensor.js';

/** Stochastic gradient descent. */
export interface SgdOptions {
  readonly name: 'sgd';
  /** Default 0.01. */
  readonly learningRate?: number;
  /** In [0, 1); default 0. */
  readonly momentum?: number;
  /** Nesterov's momentum; default false. */
  readonly nesterov?: boolean;
}

/** RMSprop (Hinton 2012), Keras' definition: epsilon inside the root, momentum on the increment. */
export interface RmspropOptions {
  readonly name: 'rmsprop';
  /** Default 0.001. */
  readonly learningRate?: number;
  /** Decay of the mean square; default 0.9. */
  readonly rho?: number;
  /** In [0, 1); default 0. */
  readonly momentum?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
}

/** Adam (Kingma and Ba 2014), Keras' definition: epsilon outside the corrected root ("epsilon hat"). */
export interface AdamOptions {
  readonly name: 'adam';
  /** Default 0.001. */
  readonly learningRate?: number;
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
}

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019), applied to every trained weight as Keras does. */
export interface AdamWOptions extends Omit<AdamOptions, 'name'> {
  readonly name: 'adamw';
  /** w is first reduced by learningRate * weightDecay * w; default 0.004. */
  readonly weightDecay?: number;
}

/** An optimizer with its options; what is left out is Keras' default. */
export type OptimizerOptions = SgdOptions | RmspropOptions | AdamOptions | AdamWOptions;

/** The same with every option filled in. */
export type ResolvedOptimizer = {
  [O in OptimizerOptions as O['name']]: Required<O>;
}[OptimizerOptions['name']];

/** One weight about to be updated. */
export interface Update {
  readonly graph: Graph;
  /** The resource of the weight. */
  readonly variable: Tensor;
  /** Its value before the step. */
  readonly value: Tensor;
  readonly gradient: Tensor;
  /** A scalar fed at each step. */
  readonly learningRate: Tensor;
  /** The resource of one of the optimizer's slots for this weight. */
  slot(name: string): Tensor;
  /** One of the optimizer's other scalars fed at each step. */
  fed(name: string): Tensor;
  /** The backward pass' uses of the value: while one is still running, changing the weight means copying it first. */
  readonly after: readonly Tensor[];
}

/** How an optimizer is written into a graph. */
export interface OptimizerRule {
  /** Values kept per weight from step to step, each of the weight's shape and zero at first. */
  readonly slots: readonly string[];
  /** Scalars besides the learning rate that depend on the step, numbered from 1. */
  fedAt(step: number): Readonly<Record<string, number>>;
  /** Emits the update of one weight and returns its last node. */
  apply(update: Update): Tensor;
}
