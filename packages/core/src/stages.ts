/** The stages in their order, and the folder each one writes, relative to the dataset. */
export const STAGES = {
  ingest: 'sources',
  resize: 'resized_images',
  labels: 'labels',
  split: 'splits',
  augment: 'generated_images',
  normalize: 'normalized',
} as const;

/** The name of a stage. */
export type StageName = keyof typeof STAGES;

/** What works by the worker contract and the folder each writes: the stages, and what is made of them on request. */
export const WORKERS = { ...STAGES, publish: 'published' } as const;

/** The name of a stage, or of a worker that is no part of the line. */
export type WorkerName = keyof typeof WORKERS;

/** The parts of a dataset: to fit on, to choose by, to judge by. */
export const SPLITS = ['train', 'validation', 'test'] as const;

/** The name of a part of a dataset. */
export type Split = (typeof SPLITS)[number];
