import { resolve } from 'node:path';
import { AtelierError } from '@atelier/core';
import { decodeJpeg, sharedDecoderPool, type DecoderLimits, type DecoderPool } from '@atelier/image';
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
  /** What a picture may be and take; the model's own by default. */
  readonly limits?: DecoderLimits;
  /** The processes that decode; those of this program by default. */
  readonly decoders?: DecoderPool;
}

/**
 * Classifies picture files: each is prepared exactly as preprocessing did (packages/image, in processes of its own),
 * with the settings kept in the model. A file that cannot be read or decoded, or that makes the decoder crash or hang,
 * is an answer of its own, and the others go on.
 * @param files paths, answered in their order
 * @throws AtelierError PROGRAM_FAILED where no decoder starts
 */
export async function* classify(
  files: readonly string[],
  { metadata, predict, batchSize = 16, limits = metadata.limits, decoders }: ClassifyOptions,
): AsyncGenerator<Classification> {
  const pool = decoders ?? sharedDecoderPool();
  for (let start = 0; start < files.length; start += batchSize) {
    const batch = files.slice(start, start + batchSize);
    const prepared = await Promise.all(
      batch.map((file) => prepare(file, pool, { resize: metadata.resize, limits })),
    );
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

/** The pixels of one file, or why there are none; what is no file's fault is thrown. */
async function prepare(
  file: string,
  decoders: DecoderPool,
  options: Parameters<DecoderPool['prepare']>[1],
): Promise<Uint8Array | AtelierError> {
  try {
    const { jpeg } = await decoders.prepare({ path: resolve(file) }, options);
    return (await decodeJpeg(jpeg)).data;
  } catch (error) {
    if (!(error instanceof AtelierError) || error.code === 'PROGRAM_FAILED') throw error;
    return new AtelierError({ ...error.toJSON(), action: 'classify', path: file, cause: error });
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
