import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { AtelierError } from '@atelier/core';
import type { EngineState, NamedTensor } from '../engine/train-engine.js';
import type { TrainingState } from '../fit/training-state.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';

/** All that is needed to go on: the engine's variables and the position. */
export interface Checkpoint {
  readonly engine: EngineState;
  readonly training: TrainingState;
  /** The engine that wrote it: another one would not go on bit for bit. */
  readonly engineName: string;
}

const FORMAT = 'atelier-checkpoint-1';
const stateFile = (dir: string) => path.join(dir, 'state.safetensors');
const bestFile = (dir: string, epoch: number) =>
  path.join(dir, `best-${String(epoch).padStart(4, '0')}.safetensors`);

/**
 * Writes a checkpoint into its folder. It is one file that replaces the one before in one instant, so that there is
 * always a whole one. `weights/…` and `slots/…` are the tensors; the metadata holds the rest.
 */
export async function writeCheckpoint(
  dir: string,
  { engine, training, engineName }: Checkpoint,
): Promise<void> {
  await writeSafetensors(stateFile(dir), {
    tensors: [...prefixed('weights', engine.weights), ...prefixed('slots', engine.slots)],
    metadata: {
      format: FORMAT,
      engine: engineName,
      iterations: String(engine.iterations),
      training: JSON.stringify(training),
    },
  });
}

/** The last checkpoint, or null where none was written yet. @throws AtelierError ARTIFACT_DAMAGED */
export async function readCheckpoint(dir: string): Promise<Checkpoint | null> {
  if (!existsSync(stateFile(dir))) return null;
  const { tensors, metadata } = await readSafetensors(stateFile(dir));
  if (metadata['format'] !== FORMAT) {
    throw new AtelierError({
      code: 'ARTIFACT_DAMAGED',
      action: 'read the checkpoint',
      path: stateFile(dir),
      problem: `its format is ${metadata['format'] ?? 'not given'}, this program reads ${FORMAT}`,
      hint: 'Start a new run: this one cannot be resumed.',
    });
  }
  return {
    engine: {
      weights: unprefixed('weights', tensors),
      slots: unprefixed('slots', tensors),
      iterations: Number(metadata['iterations']),
    },
    training: JSON.parse(metadata['training'] as string) as TrainingState,
    engineName: metadata['engine'] as string,
  };
}

/**
 * Keeps the weights of the best epoch so far, in a file of its own, before the checkpoint that counts on it.
 * @param best.epoch from 1
 */
export async function writeBestWeights(
  dir: string,
  best: { epoch: number; weights: readonly NamedTensor[] },
): Promise<void> {
  await writeSafetensors(bestFile(dir, best.epoch), {
    tensors: best.weights,
    metadata: { format: 'atelier-weights-1', epoch: String(best.epoch) },
  });
}

/** The weights that {@link writeBestWeights} kept. @throws AtelierError ARTIFACT_DAMAGED where they are missing */
export async function readBestWeights(dir: string, epoch: number): Promise<readonly NamedTensor[]> {
  const file = bestFile(dir, epoch);
  if (existsSync(file)) return (await readSafetensors(file)).tensors;
  throw new AtelierError({
    code: 'ARTIFACT_DAMAGED',
    action: 'read the best weights',
    path: file,
    problem: 'the file is gone',
    hint: 'Start a new run: this one cannot be resumed.',
  });
}

/** Removes the best weights of epochs other than `epoch` (null: of all), which no checkpoint counts on any more. */
export async function removeOtherBestWeights(dir: string, epoch: number | null): Promise<void> {
  const kept = epoch === null ? null : path.basename(bestFile(dir, epoch));
  const others = (await readdir(dir)).filter((name) => name.startsWith('best-') && name !== kept);
  for (const name of others) await rm(path.join(dir, name), { force: true });
}

const prefixed = (prefix: string, tensors: readonly NamedTensor[]) =>
  tensors.map((tensor) => ({ ...tensor, name: `${prefix}/${tensor.name}` }));

const unprefixed = (prefix: string, tensors: readonly NamedTensor[]) =>
  tensors.flatMap((tensor) =>
    tensor.name.startsWith(`${prefix}/`) ? [{ ...tensor, name: tensor.name.slice(prefix.length + 1) }] : [],
  );
