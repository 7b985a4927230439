import { AtelierError } from '@atelier/core';
import { readRunConfig, trainsAlike, type RunConfig } from './run-config.js';
import { unfinishedRuns, type UnfinishedRun } from './run-folder.js';

/**
 * The unfinished run that can be gone on with.
 * @param wanted.name null takes the newest of these settings and tensors
 * @throws AtelierError INPUT_MISSING where there is none, INPUT_CHANGED where it was begun with other settings or tensors
 */
export async function findResumable(
  root: string,
  wanted: { name: string | null; config: RunConfig },
): Promise<UnfinishedRun> {
  const runs = await unfinishedRuns(root);
  const candidates = wanted.name === null ? runs : runs.filter(({ name }) => name === wanted.name);
  const matching = await matchingRun(candidates, wanted.config);
  if (matching !== null) return matching;
  const last = candidates.at(-1);
  if (last === undefined) {
    throw new AtelierError({
      code: 'INPUT_MISSING',
      action: 'resume',
      problem: wanted.name === null ? 'no run was interrupted' : `no run "${wanted.name}" was interrupted`,
      hint:
        runs.length > 0
          ? `Give --run one of ${runs.map(({ name }) => name).join(', ')}.`
          : 'Start one: leave out --resume.',
    });
  }
  throw new AtelierError({
    code: 'INPUT_CHANGED',
    action: 'resume the run',
    path: last.dir,
    problem: 'it was begun with other settings or other tensors, so its end would belong to neither',
    hint: 'Restore those (they stand in its config.json), or start a new run: leave out --resume.',
  });
}

/** The newest of some unfinished runs that was begun with these settings and tensors; null where there is none. */
export async function matchingRun(
  runs: readonly UnfinishedRun[],
  config: RunConfig,
): Promise<UnfinishedRun | null> {
  for (const run of [...runs].reverse()) {
    const theirs = await readRunConfig(run.dir);
    if (theirs !== null && trainsAlike(theirs, config)) return run;
  }
  return null;
}
