import { boolAttr } from '../build/attributes.js';
import type { OptimizerRule, SgdOptions } from './optimizer.js';
import { applyUpdate } from './apply-update.js';

/** v = momentum v - lr g; w += v, or with Nesterov w += momentum v - lr g. */
export function sgdRule({ momentum, nesterov }: Required<SgdOptions>): OptimizerRule {
  if (momentum === 0) {
    return {
      slots: [],
      fedAt: () => ({}),
      apply: (update) =>
        applyUpdate('ResourceApplyGradientDescent', update, {
          inputs: [update.variable, update.learningRate, update.gradient],
        }),
    };
  }
  return {
    slots: ['momentum'],
    fedAt: () => ({}),
    apply: (update) =>
      applyUpdate('ResourceApplyKerasMomentum', update, {
        inputs: [
          update.variable,
          update.slot('momentum'),
          update.learningRate,
          update.gradient,
          update.graph.scalar(momentum),
        ],
        attrs: { use_nesterov: boolAttr(nesterov) },
      }),
  };
}
