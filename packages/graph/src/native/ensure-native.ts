import { AtelierError } from '@atelier/core';

import { type FailedStep, failureOf, installFailure, nodeFailure, stepError } from './failure.js';
import { installContext, installEffects, type NativeEffects } from './install-steps.js';
import type { NativeState } from './native-state.js';

/** How to install. */
export interface EnsureNativeOptions {
  /** Gets a line for each thing that is tried or takes long; nothing when there is nothing to do. */
  readonly report: (line: string) => void;
  /** Install afresh: the addon and the cached library of this version are thrown away first. */
  readonly force?: boolean;
}

/**
 * Native TensorFlow for tfjs-node, installed if it is not: what is there (an addon in node_modules that loads, or
 * our cache), then tfjs-node's own download, then the C library of PyPI's wheel with the addon compiled against it.
 * Where it is done already this reads three small files (2 ms). Several processes may call it at once.
 *
 * @returns what is installed; `problem` is null.
 * @throws AtelierError NATIVE_UNAVAILABLE naming each way that was tried, why it failed and what to do.
 */
export async function ensureNative(
  options: EnsureNativeOptions,
  effects: NativeEffects = installEffects(installContext(options.report)),
): Promise<NativeState> {
  const refused = nodeFailure(effects.nodeVersion);
  if (refused !== undefined) throw stepError(refused);
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'; // for this process and its children; a person's own value stays
  const found = options.force === true ? undefined : installed(effects);
  if (found !== undefined) return found;
  try {
    return await effects.locked(() => install(options, effects));
  } catch (error) {
    throw error instanceof AtelierError ? error : stepError(failureOf(error), error); // the lock's own troubles
  }
}

function installed(effects: NativeEffects): NativeState | undefined {
  const state = effects.state();
  return state.kind !== 'none' && state.problem === null ? state : undefined;
}

async function install({ report, force }: EnsureNativeOptions, effects: NativeEffects): Promise<NativeState> {
  if (force === true) await effects.discard();
  const meanwhile = installed(effects);
  if (meanwhile !== undefined) return meanwhile;
  const failed: FailedStep[] = [];
  for (const step of effects.steps) {
    const started = performance.now();
    try {
      await step.run();
      const state = installed(effects);
      if (state === undefined) throw new Error(`it ended without an addon: ${effects.state().problem}`);
      report(
        `TensorFlow ${state.tensorflowVersion} is installed: ${step.name}, ${seconds(performance.now() - started)}`,
      );
      return state;
    } catch (error) {
      const failure = { step: step.name, ...failureOf(error), cause: error };
      failed.push(failure);
      report(`TensorFlow: ${step.name}: no (${failure.problem})`);
    }
  }
  throw installFailure(failed);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
