/**
 * The trainer: reads the tensors of a dataset, fits a model, evaluates and exports it, and asks it about pictures.
 * It is a program (main.ts); what stands here is for the bench and for tests.
 */
export { readNormalizedDataset, type NormalizedDataset } from './loader/normalized-dataset.js';
export { workerSource } from './loader/worker-source.js';
export type { BatchSource, LoadedBatch, Pass } from './loader/batch-source.js';
export { chooseEngine, engineLine, type EngineChoice } from './engine/choose-engine.js';
export type { EngineInput, EngineOptions, TrainEngine } from './engine/train-engine.js';
