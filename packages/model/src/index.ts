/**
 * What a trained classifier is: the network, the preprocessing that travels with it, how both are stored, and what
 * they say about a picture. Models are TF.js LayersModels of built-in layers; running them is left to an engine.
 */
export { seedModel, type SeedModelOptions } from './architecture/seed-model.js';
export { loadTfjs, type Tfjs } from './load-tfjs.js';
export { parseModelMetadata, type ModelMetadata } from './metadata.js';
export { MODEL_FILES } from './storage/layers-format.js';
export { saveModel } from './storage/save-model.js';
export {
  exportModel,
  type ExportModelOptions,
  type ExportRecord,
  type ExportResult,
} from './export/export-model.js';
export { EXPORT_FORMAT_NAMES, type ExportFormatName } from './export/format-names.js';
export { loadModel, type LoadedModel } from './storage/load-model.js';
export { checkPixels } from './prediction/check-pixels.js';
export {
  classify,
  rank,
  type Classification,
  type ClassifyOptions,
  type ClassProbability,
  type PredictPixels,
} from './prediction/classify.js';
