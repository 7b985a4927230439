import type { DatasetConfig } from '@atelier/core';
import type { Tfjs } from '@atelier/model';
import type { Tensor, Variable } from '@tensorflow/tfjs';

type OptimizerConfig = DatasetConfig['train']['optimizer'];

/** The update of one variable: from its value, its gradient and its slots to its new value and slots. */
interface Update {
  readonly value: Tensor;
  readonly gradient: Tensor;
  readonly slots: readonly Tensor[];
  readonly learningRate: number;
  /** Updates before this one. */
  readonly iterations: number;
}
type UpdateRule = (update: Update) => { value: Tensor; slots: readonly Tensor[] };

/** An optimizer over TF.js variables. */
export interface KerasOptimizer {
  /** The variables of the optimizer, named `<variable>/<slot>`. */
  readonly slots: readonly { readonly name: string; readonly variable: Variable }[];
  /** Changes every variable by its gradient (same order). */
  apply(gradients: readonly Tensor[], step: { learningRate: number; iterations: number }): void;
  dispose(): void;
}

/**
 * The optimizers as Keras 3 defines them (`keras/src/optimizers/{sgd,rmsprop,adam,adamw}.py`), for TF.js, whose own
 * differ in details; TensorFlow's ResourceApply… kernels compute the same.
 * @param variables what is trained, with the names its slots are called by
 */
export function kerasOptimizer(
  tf: Tfjs,
  options: { optimizer: OptimizerConfig; globalClipNorm: number | null },
  variables: readonly { readonly name: string; readonly variable: Variable }[],
): KerasOptimizer {
  const { optimizer, globalClipNorm } = options;
  const rule = updateRule(tf, optimizer);
  const names = slotNames(optimizer);
  const owned = variables.map(({ name, variable }) => ({
    variable,
    slots: names.map((slot) => ({
      name: `${name}/${slot}`,
      variable: tf.tidy(() => tf.variable(tf.zeros(variable.shape), false)),
    })),
  }));
  return {
    slots: owned.flatMap(({ slots }) => slots),
    apply(gradients, step) {
      tf.tidy(() => {
        const clipped = globalClipNorm === null ? gradients : clipByGlobalNorm(tf, gradients, globalClipNorm);
        owned.forEach(({ variable, slots }, i) => {
          const next = rule({
            value: variable,
            gradient: clipped[i] as Tensor,
            slots: slots.map((slot) => slot.variable),
            ...step,
          });
          variable.assign(next.value);
          slots.forEach((slot, j) => slot.variable.assign(next.slots[j] as Tensor));
        });
      });
    },
    dispose: () => owned.forEach(({ slots }) => slots.forEach((slot) => slot.variable.dispose())),
  };
}

function slotNames(optimizer: OptimizerConfig): readonly string[] {
  switch (optimizer.name) {
    case 'sgd':
      return optimizer.momentum > 0 ? ['momentum'] : [];
    case 'rmsprop':
      return ['velocity', 'momentum'];
    case 'adam':
    case 'adamw':
      return ['momentum', 'velocity'];
  }
}

function updateRule(tf: Tfjs, optimizer: OptimizerConfig): UpdateRule {
  switch (optimizer.name) {
    case 'sgd':
      return sgd(tf, optimizer);
    case 'rmsprop':
      return rmsprop(tf, optimizer);
    case 'adam':
      return adam(tf, { ...optimizer, weightDecay: 0 });
    case 'adamw':
      return adam(tf, optimizer);
  }
}

function sgd(tf: Tfjs, { momentum, nesterov }: { momentum: number; nesterov: boolean }): UpdateRule {
  return ({ value, gradient, slots: [moving], learningRate }) => {
    const change = tf.mul(gradient, -learningRate);
    if (moving === undefined) return { value: tf.add(value, change), slots: [] };
    const next = tf.add(tf.mul(moving, momentum), change);
    const step = nesterov ? tf.add(tf.mul(next, momentum), change) : next;
    return { value: tf.add(value, step), slots: [next] };
  };
}

function rmsprop(
  tf: Tfjs,
  { rho, momentum, epsilon }: { rho: number; momentum: number; epsilon: number },
): UpdateRule {
  return ({ value, gradient, slots, learningRate }) => {
    const [velocity, moving] = slots as readonly [Tensor, Tensor];
    const nextVelocity = tf.add(tf.mul(velocity, rho), tf.mul(tf.square(gradient), 1 - rho));
    const change = tf.div(tf.mul(gradient, learningRate), tf.sqrt(tf.add(nextVelocity, epsilon)));
    const nextMoving = tf.add(tf.mul(moving, momentum), change);
    return { value: tf.sub(value, nextMoving), slots: [nextVelocity, nextMoving] };
  };
}

function adam(
  tf: Tfjs,
  options: { beta1: number; beta2: number; epsilon: number; weightDecay: number },
): UpdateRule {
  const { beta1, beta2, epsilon, weightDecay } = options;
  return ({ value, gradient, slots, learningRate, iterations }) => {
    const [momentum, velocity] = slots as readonly [Tensor, Tensor];
    const step = iterations + 1;
    const rate = (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
    const decayed = weightDecay > 0 ? tf.sub(value, tf.mul(value, weightDecay * learningRate)) : value;
    const nextMomentum = tf.add(momentum, tf.mul(tf.sub(gradient, momentum), 1 - beta1));
    const nextVelocity = tf.add(velocity, tf.mul(tf.sub(tf.square(gradient), velocity), 1 - beta2));
    const change = tf.div(tf.mul(nextMomentum, rate), tf.add(tf.sqrt(nextVelocity), epsilon));
    return { value: tf.sub(decayed, change), slots: [nextMomentum, nextVelocity] };
  };
}

/** All gradients times the one factor that brings their common L2 norm to at most `norm` (tf.clip_by_global_norm). */
function clipByGlobalNorm(tf: Tfjs, gradients: readonly Tensor[], norm: number): Tensor[] {
  const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
  const global = tf.sqrt(tf.addN(squares));
  const factor = tf.div(norm, tf.maximum(global, norm));
  return gradients.map((gradient) => tf.mul(gradient, factor));
}
