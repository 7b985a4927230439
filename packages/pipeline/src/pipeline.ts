import { printable, STAGES, type StageName } from '@atelier/core';
import { unknownName, type Stage } from '@atelier/stage';

/** The stages in the order in which they run. */
export const PIPELINE = Object.keys(STAGES) as StageName[];

/** Each stage's package, loaded when it is needed. */
const LOADERS: Readonly<Record<StageName, () => Promise<unknown>>> = {
  ingest: async () => (await import('@atelier/ingest')).ingest,
  resize: async () => (await import('@atelier/resize')).resize,
  labels: async () => (await import('@atelier/labels')).labels,
  split: async () => (await import('@atelier/split')).split,
  augment: async () => (await import('@atelier/augment')).augment,
  normalize: async () => (await import('@atelier/normalize')).normalize,
};

/** What is made of the stages' results on request, by the same contract. */
export async function loadPublish(): Promise<Stage> {
  return (await import('@atelier/publish')).publish as unknown as Stage;
}

/**
 * The named stages in pipeline order, whatever the order of the names; all of them where none is named.
 * @throws AtelierError USAGE naming the nearest stage
 */
export async function loadStages(names: readonly string[] = []): Promise<Stage[]> {
  const unknown = names.find((name) => !PIPELINE.includes(name as StageName));
  if (unknown !== undefined) throw unknownName(printable(unknown), { noun: 'stage', known: PIPELINE });
  const stages: Stage[] = [];
  for (const name of PIPELINE) {
    if (names.length === 0 || names.includes(name)) stages.push((await LOADERS[name]()) as Stage);
  }
  return stages;
}
