/**
 * The worker contract: a stage is data (plan, process), this package does the rest: what is stale and why,
 * staging, journal, lock, commit, progress, and the command line of a worker.
 */
export { isCutOff, stageFolder, standingManifest, type StageFolder } from './commit.js';
export type { Outcome, Plan, PlanContext, PlannedItem, ProcessContext, Reason, Stage } from './contract.js';
export { openDataset, type Dataset } from './dataset.js';
export { readJournal } from './journal.js';
export { linkGuard, refuseLinksBelow, refuseLinksOut, type FileUse } from './links-out.js';
export { quarantineOf } from './quarantine.js';
export { silentReporter, stderrReporter, type Progress, type Reporter } from './reporter.js';
export type { RunOptions } from './run.js';
export { runStage } from './run-stage.js';
export { traceSource, type Trace } from './trace.js';
export { readHistory, type Made } from './history.js';
export { verifyDataset, type Damage, type Verification } from './verify.js';
export { isIdle, summaryLines, type RunSummary } from './summary.js';
export { unknownName, usageError } from './usage.js';
export {
  parseWorkerArgs,
  resolveDataset,
  runProgram,
  runStages,
  runWorker,
  startFolder,
  workerOptions,
  WORKER_OPTIONS,
  type WorkerOptions,
  type WorkerValues,
} from './worker.js';
