import { typeAttr } from '../build/attributes.js';
import { multiply, scaleBy } from '../build/operations.js';
import type { Tensor } from '../build/tensor.js';
import { applyUpdate } from './apply-update.js';
import type { AdamOptions, AdamWOptions, OptimizerRule, Update } from './optimizer.js';

/**
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g²;
 * w -= lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon).
 */
export function adamRule(options: AdamNumbers): OptimizerRule {
  return {
    slots: ['momentum', 'velocity'],
    fedAt: (step) => ({ beta1Power: options.beta1 ** step, beta2Power: options.beta2 ** step }),
    apply: (update) => applyAdam(update, options),
  };
}

/** w -= lr weightDecay w, then Adam. */
export function adamWRule(options: AdamNumbers & Pick<Required<AdamWOptions>, 'weightDecay'>): OptimizerRule {
  const { weightDecay } = options;
  return {
    ...adamRule(options),
    apply: (update) =>
      applyAdam(weightDecay === 0 ? update : { ...update, after: [decay(update, weightDecay)] }, options),
  };
}

type AdamNumbers = Pick<Required<AdamOptions>, 'beta1' | 'beta2' | 'epsilon'>;

function applyAdam(update: Update, { beta1, beta2, epsilon }: AdamNumbers): Tensor {
  const { graph, variable, learningRate, gradient, slot, fed } = update;
  return applyUpdate('ResourceApplyAdam', update, {
    inputs: [
      variable,
      slot('momentum'),
      slot('velocity'),
      fed('beta1Power'),
      fed('beta2Power'),
      learningRate,
      graph.scalar(beta1),
      graph.scalar(beta2),
      graph.scalar(epsilon),
      gradient,
    ],
  });
}

function decay({ graph, variable, value, learningRate, after }: Update, weightDecay: number): Tensor {
  const loss = multiply(graph, scaleBy(graph, value, weightDecay), learningRate);
  return graph.add('AssignSubVariableOp', {
    inputs: [variable, loss],
    attrs: { dtype: typeAttr('float32') },
    after,
  });
}
