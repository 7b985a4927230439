import type { Manifest } from '@atelier/artifacts';
import type { Json } from '@atelier/core';
import type { StageFolder } from './commit.js';
import type { Stage } from './contract.js';
import type { Dataset } from './dataset.js';
import type { Reporter } from './reporter.js';
import type { StatRecord } from './stat-record.js';

/** How a stage is run. */
export interface RunOptions {
  readonly reporter: Reporter;
  /** Items at once; by default twice the cores. The result does not depend on it. */
  readonly concurrency?: number | undefined;
  /** Stop after the comparison. */
  readonly dryRun?: boolean | undefined;
  /** Digest every file anew instead of trusting size and mtime. */
  readonly verify?: boolean | undefined;
  /** Leave the split lock aside. */
  readonly resplit?: boolean | undefined;
  /** Stops the run in an orderly way: what is finished stays finished for the next run. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Manifests that stages of one process hand on, by path: each is read once. Several stages of one dataset, run
   * one after the other, share one map.
   */
  readonly manifests?: Map<string, Manifest> | undefined;
}

/** What the parts of one run share. */
export interface Run<Config extends Json> {
  readonly stage: Stage<Config>;
  readonly dataset: Dataset;
  readonly folder: StageFolder;
  readonly stats: StatRecord;
  readonly options: RunOptions;
  /** When it began, ms since 1970. */
  readonly started: number;
}
