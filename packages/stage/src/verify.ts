import { lstat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { digestFile, readManifest, type Manifest, type ManifestOutput } from '@atelier/artifacts';
import { AtelierError, compareCodePoints, STAGES, WORKERS, type WorkerName } from '@atelier/core';
import pMap from 'p-map';
import { allOutputs, isCutOff, stageFolder, strayFiles } from './commit.js';
import type { Dataset } from './dataset.js';
import { linkGuard } from './links-out.js';
import { silentReporter, type Reporter } from './reporter.js';

/** One file that is not what its manifest says. */
export interface Damage {
  readonly stage: WorkerName;
  /** Relative to the dataset. */
  readonly path: string;
  readonly problem: string;
}

/** What {@link verifyDataset} found. */
export interface Verification {
  /** Files that were digested, and their bytes. */
  readonly files: number;
  readonly sizeBytes: number;
  readonly damage: readonly Damage[];
  /** Files in the stages' folders that no manifest names: left alone, but worth knowing. */
  readonly unknown: readonly string[];
  /** Stages; what is only made on request is not missed. */
  readonly notRun: readonly WorkerName[];
}

/** Files that are digested at once. */
const READERS = 8;

/**
 * Digests every artifact anew and compares it with what the manifests say. Changes nothing.
 * @throws AtelierError READ_FAILED where a stage's files lie behind a link that leads out of the dataset
 */
export async function verifyDataset(
  dataset: Dataset,
  reporter: Reporter = silentReporter,
): Promise<Verification> {
  const damage: Damage[] = [];
  const unknown: string[] = [];
  const notRun: WorkerName[] = [];
  const guard = linkGuard(dataset.root, 'read');
  const outputs: (ManifestOutput & { stage: WorkerName })[] = [];
  for (const stage of Object.keys(WORKERS) as WorkerName[]) {
    const folder = stageFolder(dataset.root, stage);
    await guard([folder.manifest]);
    const read = await readWhole(folder.manifest);
    if ('problem' in read) {
      const problem = isCutOff(folder)
        ? 'its last run was cut off while committing: the next run carries that through'
        : read.problem;
      if (problem === 'missing') {
        if (stage in STAGES) notRun.push(stage);
      } else damage.push({ stage, path: `${WORKERS[stage]}/manifest.jsonl`, problem });
      continue;
    }
    const own = allOutputs(read.manifest);
    await guard(own.map(({ path }) => resolve(dataset.root, dirname(path))));
    for (const output of own) outputs.push({ ...output, stage });
    unknown.push(...(await strayFiles(folder, new Set(own.map((output) => output.path)))));
  }
  const progress = await reporter.progress('verify', outputs.length);
  const check = async (output: (typeof outputs)[number]) => {
    const problem = await outputProblem(dataset.root, output);
    if (problem !== undefined) damage.push({ stage: output.stage, path: output.path, problem });
    progress.advance(1);
  };
  await pMap(outputs, check, { concurrency: READERS }).finally(() => progress.stop());
  damage.sort((a, b) => compareCodePoints(a.path, b.path));
  const sizeBytes = outputs.reduce((sum, output) => sum + output.sizeBytes, 0);
  return { files: outputs.length, sizeBytes, damage, unknown, notRun };
}

async function readWhole(path: string): Promise<{ manifest: Manifest } | { problem: string }> {
  try {
    const manifest = await readManifest(path);
    return manifest === undefined ? { problem: 'missing' } : { manifest };
  } catch (error) {
    if (error instanceof AtelierError && error.code === 'MANIFEST_DAMAGED') return { problem: error.problem };
    throw error;
  }
}

async function outputProblem(
  root: string,
  { path, sizeBytes, sha256 }: ManifestOutput,
): Promise<string | undefined> {
  const full = resolve(root, path);
  const found = await lstat(full).catch(() => undefined);
  if (found === undefined) return 'missing';
  if (!found.isFile()) return 'no regular file';
  if (found.size !== sizeBytes) return `${found.size} bytes instead of ${sizeBytes}`;
  const digest = await digestFile(full);
  return digest.sha256 === sha256 ? undefined : 'its bytes have changed';
}
