import { AtelierError } from '@atelier/core';
import type { EngineBatch } from './train-engine.js';

/** Shapes of the model that a batch must fit. */
export interface BatchShape {
  /** Of one picture: [height, width, channels]. */
  readonly picture: readonly number[];
  readonly classes: number;
}

/**
 * Checks a batch before TensorFlow sees it: TF.js gives a loss of 0 for a label that is no class, and a failing native
 * run leaks its tensors.
 * @returns the number of pictures
 * @throws AtelierError INPUT_INVALID naming what does not fit
 */
export function checkBatch({ pixels, labels }: EngineBatch, { picture, classes }: BatchShape): number {
  const one = picture.reduce((product, side) => product * side, 1);
  const size = labels.length;
  if (size === 0) throw misfit('it is empty');
  if (pixels.length !== size * one) {
    throw misfit(`${pixels.length} values are not ${size} pictures of ${picture.join('x')}`);
  }
  const stranger = labels.findIndex((label) => !(label >= 0 && label < classes));
  if (stranger >= 0) {
    throw misfit(
      `the label of its picture ${stranger} is ${labels[stranger]}, the classes are 0 to ${classes - 1}`,
    );
  }
  return size;
}

function misfit(problem: string): AtelierError {
  return new AtelierError({
    code: 'INPUT_INVALID',
    action: 'use the batch',
    problem,
    hint: 'Run preprocess again, so that the tensors and the classes are of one make.',
  });
}
