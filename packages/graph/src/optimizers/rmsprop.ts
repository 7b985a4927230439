import { applyUpdate } from './apply-update.js';
import type { OptimizerRule, RmspropOptions } from './optimizer.js';

/** s = rho s + (1 - rho) g²; m = momentum m + lr g / sqrt(s + epsilon); w -= m. */
export function rmspropRule({ rho, momentum, epsilon }: Required<RmspropOptions>): OptimizerRule {
  return {
    slots: ['velocity', 'momentum'],
    fedAt: () => ({}),
    apply: (update) => {
      const { graph, variable, learningRate, gradient, slot } = update;
      return applyUpdate('ResourceApplyRMSProp', update, {
        inputs: [
          variable,
          slot('velocity'),
          slot('momentum'),
          learningRate,
          graph.scalar(rho),
          graph.scalar(momentum),
          graph.scalar(epsilon),
          gradient,
        ],
      });
    },
  };
}
