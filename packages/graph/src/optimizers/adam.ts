import { typeAttr } from '../build/attributes.js';
import { multiply, scaleBy } from '../build/operations.js';
import { applyUpdate } from './apply-update.js';
import type { AdamOptions, AdamWOptions, OptimizerRule, Update } from './optimizer.js';

/**
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g²;
 * w -= lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon).
 */
export function adamRule({ beta1, beta2, epsilon }: Required<Omit<AdamOptions, 'name'>>): OptimizerRule {
  return {
    slots: ['momentum', 'velocity'],
    fedAt: (step) => ({ beta1Power: beta1 ** step, beta2Power: beta2 ** step }),
    apply: (update) => {
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
    },
  };
}

/** w -= lr weightDecay w, then Adam. */
export function adamWRule(options: Required<Omit<AdamWOptions, 'name'>>): OptimizerRule {
  const adam = adamRule(options);
  return {
    ...adam,
    apply: (update) => {
      const decayed = options.weightDecay === 0 ? [] : [decay(update, options.weightDecay)];
      return adam.apply({ ...update, after: [...update.after, ...decayed] });
    },
  };
}

function decay({ graph, variable, value, learningRate, gradient, after }: Update, weightDecay: number) {
  const loss = multiply(graph, scaleBy(graph, value, weightDecay), learningRate);
  return graph.add('AssignSubVariableOp', {
    inputs: [variable, loss],
    attrs: { dtype: typeAttr('float32') },
    after: [...after, gradient],
  });
}
