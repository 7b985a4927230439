import { readFile } from 'node:fs/promises';
import { AtelierError, messageOf } from '@atelier/core';
import { prepareImage } from '@atelier/image';
import type { ModelMetadata } from '../metadata.js';
import { checkPixels } from './check-pixels.js';

/** Runs a model: uint8 pixels [count, height, width, channels] in, float32 probabilities [count, classes] out. */
export type PredictPixels = (pixels: Uint8Array, count: number) => Promise<Float32Array>;

/** A class and how likely it is, in [0, 1]. */
export interface ClassProbability {
  readonly className: string;
  readonly probability: number;
}

/** What became of one file: its classes, likeliest first, or why it could not be classified. */
export type Classification =
  | { readonly path: string; readonly classes: readonly ClassProbability[] }
  | { readonly path: string; readonly error: AtelierError };

/** What {@link classify} works with. */
export interface ClassifyOptions {
  readonly metadata: ModelMetadata;
  readonly predict: PredictPixels;
  /** Files prepared and predicted together; 16 by default. */
  readonly batchSize?: number;
}

/**
 * Classifies picture files: each is prepared exactly as preprocessing did (packages/image), with the settings kept in
 * the model. A file that cannot be read or decoded is an answer of its own, and the others go on.
 * @param files paths, answered in their order
 */
export async function* classify(
  files: readonly string[],
  { metadata, predict, batchSize = 16 }: ClassifyOptions,
): AsyncGenerator<Classification> {
  for (let start = 0; start < files.length; start += batchSize) {
    const batch = files.slice(start, start + batchSize);
    const prepared = await Promise.all(batch.map((file) => prepare(file, metadata)));
    const readable = prepared.filter((picture) => picture instanceof Uint8Array);
    const probabilities =
      readable.length > 0
        ? await predict(concatenate(readable, metadata), readable.length)
        : new Float32Array();
    let row = 0;
    for (const [i, picture] of prepared.entries()) {
      const file = batch[i] as string;
      if (picture instanceof AtelierError) yield { path: file, error: picture };
      else
        yield { path: file, classes: rank(probabilities, { row: row++, classNames: metadata.classNames }) };
    }
  }
}

/** The classes of one row of probabilities, likeliest first; equal ones in the order of the classes. */
export function rank(
  probabilities: Float32Array,
  { row, classNames }: { row: number; classNames: readonly string[] },
): ClassProbability[] {
  return classNames
    .map((className, i) => ({ className, probability: probabilities[row * classNames.length + i] as number }))
    .sort((a, b) => b.probability - a.probability);
}

async function prepare(file: string, { resize, limits }: ModelMetadata): Promise<Uint8Array | AtelierError> {
  try {
    const { pixels } = await prepareImage(await readFile(file), { resize, limits });
    return pixels;
  } catch (error) {
    const known = error instanceof AtelierError;
    return new AtelierError({
      code: known ? error.code : 'READ_FAILED',
      action: 'classify',
      path: file,
      problem: known ? error.problem : messageOf(error),
      hint: known ? error.hint : 'Check the name of the file and that it may be read.',
      cause: error,
    });
  }
}

function concatenate(pictures: readonly Uint8Array[], { input }: ModelMetadata): Uint8Array {
  const one = input.height * input.width * input.channels;
  const pixels = new Uint8Array(one * pictures.length);
  pictures.forEach((picture, i) => {
    checkPixels(picture, input);
    pixels.set(picture, i * one);
  });
  return pixels;
}
