import { types } from 'node:util';
import { AtelierError } from '@atelier/core';
import type { TrainableGraph } from '../compile.js';

/** Pictures, row-major [count, height, width, channels]: bytes, or the same numbers as float32 (not yet rescaled). */
export type Images = Uint8Array | Float32Array;

/** Class indices in [0, classes), or, for the loss "categoricalCrossentropy", rows of probabilities [count, classes]. */
export type Labels = Int32Array | Float32Array;

/** Pictures with their labels. */
export interface LabelledBatch {
  readonly images: Images;
  readonly labels: Labels;
  /** How many pictures; any number from 1. */
  readonly count: number;
  /** The names of the samples, so that an error can say which ones it happened to. */
  readonly samples?: readonly string[];
}

/** What a batch must fit. */
export type BatchShape = Pick<TrainableGraph, 'model' | 'classes' | 'loss'>;

/**
 * Checks pictures before they reach TensorFlow, where a wrong size fails late and every failing run leaks memory.
 * @throws AtelierError INPUT_INVALID saying what was expected and what was found
 */
export function checkImages({ model }: BatchShape, images: Images, count: number): void {
  if (!(Number.isSafeInteger(count) && count > 0))
    throw invalid(`count is ${count}, not a whole number above 0`);
  if (!types.isUint8Array(images) && !types.isFloat32Array(images)) {
    throw invalid(`images are ${kindOf(images)}, not a Uint8Array or Float32Array`);
  }
  const wanted = model.inputShape.reduce((product, size) => product * size, count);
  if (images.length !== wanted) {
    const shape = [count, ...model.inputShape].join(' x ');
    throw invalid(`images hold ${images.length} numbers, not ${wanted} (${shape})`);
  }
}

/**
 * Checks a labelled batch.
 * @throws AtelierError INPUT_INVALID saying what was expected, what was found, and in which sample
 */
export function checkBatch(shape: BatchShape, batch: LabelledBatch): void {
  const { images, labels, count, samples } = batch;
  checkImages(shape, images, count);
  if (samples !== undefined && samples.length !== count) {
    throw invalid(`there are ${samples.length} samples' names for ${count} pictures`);
  }
  if (shape.loss === 'sparseCategoricalCrossentropy') checkIndices(shape, labels, batch);
  else checkRows(shape, labels, batch);
}

function checkIndices({ classes }: BatchShape, labels: Labels, { count, samples }: LabelledBatch): void {
  if (!types.isInt32Array(labels))
    throw invalid(`labels are ${kindOf(labels)}, not class indices in an Int32Array`);
  if (labels.length !== count) throw invalid(`there are ${labels.length} labels for ${count} pictures`);
  const bad = labels.findIndex((label) => label < 0 || label >= classes);
  if (bad >= 0) {
    throw invalid(`the label of sample ${samples?.[bad] ?? bad} is ${labels[bad]}, not in [0, ${classes})`);
  }
}

function checkRows({ classes }: BatchShape, labels: Labels, { count, samples }: LabelledBatch): void {
  if (!types.isFloat32Array(labels)) {
    throw invalid(`labels are ${kindOf(labels)}, not rows of probabilities in a Float32Array`);
  }
  if (labels.length !== count * classes) {
    throw invalid(`labels hold ${labels.length} numbers, not ${count} rows of ${classes}`);
  }
  const bad = labels.findIndex((share) => !(share >= 0 && share <= 1));
  if (bad >= 0) {
    const row = Math.floor(bad / classes);
    throw invalid(`a label of sample ${samples?.[row] ?? row} is ${labels[bad]}, not in [0, 1]`);
  }
}

const kindOf = (value: unknown) => (value === null ? 'null' : (value?.constructor?.name ?? typeof value));

function invalid(problem: string): AtelierError {
  return new AtelierError({
    code: 'INPUT_INVALID',
    action: 'run the batch',
    problem,
    hint: "Give pictures of the model's input size and labels of its classes.",
  });
}
