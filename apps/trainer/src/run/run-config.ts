import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '@atelier/artifacts';
import { AtelierError, canonicalJson, messageOf, type DatasetConfig, type Json } from '@atelier/core';

/** Raised when the same settings and data train to something else. */
const TRAINER_VERSION = 1;

/** What a run was made from: `config.json`. */
export interface RunConfig {
  readonly formatVersion: 1;
  readonly trainerVersion: number;
  /** Every setting of the dataset, resolved. */
  readonly config: DatasetConfig;
  /** The settings that the command line replaced. */
  readonly overrides: readonly string[];
  /** Artifact, relative to the dataset -> SHA-256. The manifest of normalized/ names the digest of every shard. */
  readonly artifacts: Readonly<Record<string, string>>;
}

/** The record of a run that is about to begin. */
export function runConfig(from: Pick<RunConfig, 'config' | 'overrides' | 'artifacts'>): RunConfig {
  return { formatVersion: 1, trainerVersion: TRAINER_VERSION, ...from };
}

/**
 * Whether two runs train to the same model: the same seed, the same training settings, the same tensors. What else
 * stands in the configuration matters only through the tensors, and some settings of training do not matter: which
 * engine computes, how often it is saved, and what is written beside.
 */
export function trainsAlike(a: RunConfig, b: RunConfig): boolean {
  return identity(a) === identity(b);
}

function identity({ trainerVersion, config: { seed, train }, artifacts }: RunConfig): string {
  const { engine: _engine, checkpointMinutes: _minutes, tensorBoard: _events, ...settings } = train;
  return canonicalJson({ trainerVersion, seed, train: settings as Json, artifacts });
}

const configFile = (dir: string) => path.join(dir, 'config.json');

/** Writes `config.json` into a run's folder. */
export async function writeRunConfig(dir: string, config: RunConfig): Promise<void> {
  await writeFileAtomic(configFile(dir), `${JSON.stringify(config, null, 2)}\n`);
}

/** Reads `config.json`; null where there is none. @throws AtelierError ARTIFACT_DAMAGED */
export async function readRunConfig(dir: string): Promise<RunConfig | null> {
  const file = configFile(dir);
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(await readFile(file, 'utf8')) as RunConfig;
  } catch (error) {
    throw new AtelierError({
      code: 'ARTIFACT_DAMAGED',
      action: "read the run's settings",
      path: file,
      problem: messageOf(error),
      hint: "Remove the run's folder and train again.",
      cause: error,
    });
  }
}
