import type { Manifest } from '@atelier/artifacts';
import { AtelierError, type WorkerName } from '@atelier/core';
import { stageFolder, standingManifest } from '@atelier/stage';

/** The manifest of a stage's last run; undefined where there is none, or it is damaged: a dry run says so. */
export async function lastManifest(root: string, stage: WorkerName): Promise<Manifest | undefined> {
  try {
    return await standingManifest(stageFolder(root, stage));
  } catch (error) {
    if (error instanceof AtelierError && error.code === 'MANIFEST_DAMAGED') return undefined;
    throw error;
  }
}
