import { AtelierError } from '@atelier/core';
import { adamRule, adamWRule } from './adam.js';
import type { OptimizerOptions, OptimizerRule, ResolvedOptimizer } from './optimizer.js';
import { rmspropRule } from './rmsprop.js';
import { sgdRule } from './sgd.js';

/** Keras' defaults (keras.optimizers of Keras 3). */
const defaults: { [O in ResolvedOptimizer as O['name']]: O } = {
  sgd: { name: 'sgd', learningRate: 0.01, momentum: 0, nesterov: false },
  rmsprop: { name: 'rmsprop', learningRate: 0.001, rho: 0.9, momentum: 0, epsilon: 1e-7 },
  adam: { name: 'adam', learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  adamw: { name: 'adamw', learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0.004 },
};

/** What a number must satisfy, by the option's name. */
const ranges: Readonly<Record<string, readonly [(value: number) => boolean, string]>> = {
  learningRate: [(value) => value >= 0, 'a finite number of at least 0'],
  weightDecay: [(value) => value >= 0, 'a finite number of at least 0'],
  epsilon: [(value) => value > 0, 'a finite number above 0'],
  rho: [(value) => value >= 0 && value < 1, 'a number in [0, 1)'],
  momentum: [(value) => value >= 0 && value < 1, 'a number in [0, 1)'],
  beta1: [(value) => value >= 0 && value < 1, 'a number in [0, 1)'],
  beta2: [(value) => value >= 0 && value < 1, 'a number in [0, 1)'],
};

/**
 * Fills in Keras' defaults.
 * @throws AtelierError CONFIG_INVALID for an unknown optimizer or option, or a value out of its range
 */
export function resolveOptimizer(options: OptimizerOptions): ResolvedOptimizer {
  const known = Object.hasOwn(defaults, options.name) ? defaults[options.name] : undefined;
  if (known === undefined) {
    throw invalid(`"${String(options.name)}" is none of ${Object.keys(defaults).join(', ')}`);
  }
  const resolved: Record<string, unknown> = { ...known };
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!(key in known))
      throw invalid(`${options.name} has no option "${key}"; it has ${Object.keys(known).join(', ')}`);
    const range = ranges[key];
    if (range !== undefined && !(Number.isFinite(value) && range[0](value as number))) {
      throw invalid(`${key} of ${options.name} is ${String(value)}, not ${range[1]}`);
    }
    resolved[key] = value;
  }
  return resolved as ResolvedOptimizer;
}

/** How a resolved optimizer is written into a graph. */
export function optimizerRule(optimizer: ResolvedOptimizer): OptimizerRule {
  switch (optimizer.name) {
    case 'sgd':
      return sgdRule(optimizer);
    case 'rmsprop':
      return rmspropRule(optimizer);
    case 'adam':
      return adamRule(optimizer);
    case 'adamw':
      return adamWRule(optimizer);
  }
}

function invalid(problem: string): AtelierError {
  return new AtelierError({
    code: 'CONFIG_INVALID',
    action: 'set up the optimizer',
    problem,
    hint: "Give it options as Keras defines them; what is left out takes Keras' default.",
  });
}
