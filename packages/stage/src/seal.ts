import { hash } from 'node:crypto';
import { canonicalJson, STAGES, type Json } from '@atelier/core';
import type { Run } from './run.js';
import { emptySummary, type RunSummary } from './summary.js';

/**
 * What a finished run leaves in the stat record: the digest of all that its plan was made from, and what a run finds
 * that has nothing to do. While the seal holds and every file of the record (sources, outputs, manifests) is as
 * it was, neither plan nor comparison need be made.
 */
export interface Seal {
  readonly key: string;
  readonly kept: number;
  readonly warnings: readonly string[];
  readonly quarantine: RunSummary['quarantine'];
}

/** The key that a seal has for the present settings. */
export async function sealKey<Config extends Json>({ stage, dataset }: Run<Config>): Promise<string> {
  const { name, version, inputs } = stage;
  const config = stage.config(dataset.config);
  const fingerprint = (await stage.fingerprint?.({ root: dataset.root, dataset: dataset.config })) ?? null;
  return hash('sha256', canonicalJson({ name, version, inputs: [...inputs], config, fingerprint }));
}

/** The summary of a run that has nothing to do; undefined where that cannot be told from the seal. */
export function idleSummary<Config extends Json>(run: Run<Config>, key: string): RunSummary | undefined {
  if (run.options.resplit) return undefined;
  const seal = run.stats.unbrokenSeal() as unknown as Seal | undefined;
  if (seal?.key !== key) return undefined;
  const { kept, warnings, quarantine } = seal;
  const { stage, started, options } = run;
  return {
    ...emptySummary({ stage, started, dryRun: options.dryRun ?? false }),
    kept,
    quarantined: quarantine.length,
    warnings,
    quarantine,
  };
}

/** The seal of a run that has left everything as it should be. */
export function sealOf(key: string, { done, resumed, kept, warnings, quarantine }: RunSummary): Json {
  return { key, kept: done + resumed + kept, warnings, quarantine } satisfies Seal as unknown as Json;
}

/** The manifests that a plan is made from, relative to the dataset. */
export function upstreamManifests<Config extends Json>({ stage }: Run<Config>): string[] {
  return stage.inputs.map((name) => `${STAGES[name]}/manifest.jsonl`);
}
