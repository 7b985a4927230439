/**
 * The six stages in their order, loaded when they are needed, and what they say of a dataset: what is fresh, stale and
 * why, what is in quarantine, what spoils it. The programs (command line, inspector) tell it; nothing here changes it.
 */
export { loadPublish, loadStages, PIPELINE } from './pipeline.js';
export { lastManifest } from './last-manifest.js';
export { datasetStatus, stageState, type StageState, type StageStatus } from './stage-status.js';
export { whyLines } from './why-lines.js';
export { quarantinedFiles, type Quarantined } from './quarantined-files.js';
export { checkDataset, type DatasetCheck } from './check-dataset.js';
