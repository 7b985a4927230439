import { compareCodePoints, WORKERS, type WorkerName } from '@atelier/core';
import { readJournal, stageFolder } from '@atelier/stage';
import { lastManifest } from './last-manifest.js';

/** A file that could not be used. */
export interface Quarantined {
  readonly stage: WorkerName;
  readonly path: string;
  readonly reason: string;
  readonly remedy: string;
  /** Whether the run was committed; one that failed, by the quarantine budget for example, was not. */
  readonly committed: boolean;
}

/**
 * Every file that the last runs put in quarantine, in the order of the pipeline and of the paths; what a run found that
 * was not committed counts, too.
 */
export async function quarantinedFiles(root: string): Promise<Quarantined[]> {
  const files: Quarantined[] = [];
  for (const stage of Object.keys(WORKERS) as WorkerName[]) {
    const manifest = await lastManifest(root, stage);
    const journal = await readJournal(stageFolder(root, stage).journal);
    const kept = [...(manifest?.items.values() ?? [])].filter(({ id }) => !journal.has(id));
    const all = [
      ...kept.map((item) => ({ ...item, committed: true })),
      ...[...journal.values()].map((item) => ({ ...item, committed: false })),
    ];
    const found = all.flatMap(({ quarantine, committed }): Quarantined[] => {
      if (quarantine === undefined) return [];
      const { path, reason, remedy } = quarantine;
      return [{ stage, path, reason, remedy, committed }];
    });
    files.push(...found.sort((a, b) => compareCodePoints(a.path, b.path)));
  }
  return files;
}
