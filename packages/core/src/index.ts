/**
 * The vocabulary of the house, pure: no file system, no image codec, no TensorFlow. Everything else imports
 * from here and nothing here imports from the rest.
 */
export { AtelierError, messageOf, printable, type ErrorCode, type ErrorFields } from './errors.js';
export { canonicalJson, type Json } from './canonical-json.js';
export { compareCodePoints } from './order.js';
export { permutation, philox4x32, randomStream, type RandomStream } from './random.js';
export { datasetJsonSchema, datasetSchema, type DatasetConfig } from './config-schema.js';
export { PUBLISH_FORMATS, type PublishFormat } from './config-publish.js';
export { parseDatasetConfig, withOverrides } from './config.js';
export { classNameOf, parseSampleId, sampleId } from './sample-id.js';
export { artifactNames } from './artifact-names.js';
export { classTable, compareClassTables, type ClassTable, type ClassTableChange } from './class-table.js';
export { SPLITS, STAGES, WORKERS, type Split, type StageName, type WorkerName } from './stages.js';
export { groupBy } from './group-by.js';
