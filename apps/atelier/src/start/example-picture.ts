import { join, resolve } from 'node:path';
import { readCsv } from '@atelier/artifacts';
import { STAGES } from '@atelier/core';
import { openDataset } from '@atelier/stage';

/** A picture to show a prediction with. */
export interface ExamplePicture {
  readonly sourceId: string;
  readonly split: string;
  /** Absolute. */
  readonly path: string;
}

/**
 * A picture that training has not seen: the first of the test split, else of the validation split.
 * @param root of a dataset whose stage split has run
 * @returns undefined where all pictures are for training
 */
export async function examplePicture(root: string): Promise<ExamplePicture | undefined> {
  const { config } = await openDataset(root);
  const { rows } = await readCsv(join(root, STAGES.split, 'splits.csv'), {
    required: ['path', 'split'],
  });
  for (const split of ['test', 'validation']) {
    const row = rows.find((each) => each['split'] === split);
    const sourceId = row?.['path'];
    if (sourceId !== undefined) return { sourceId, split, path: resolve(root, config.images, sourceId) };
  }
  return undefined;
}
