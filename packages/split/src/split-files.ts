import { basename } from 'node:path';
import { writeArrowTable, writeCsv, type FileDigest } from '@atelier/artifacts';
import type { Assignment } from './assign-splits.js';
import { LOCK_COLUMNS, type LockEntry } from './split-lock.js';

/** What the files of the stage are made from. */
export interface SplitTable {
  readonly assignments: readonly Assignment[];
  readonly lock: readonly LockEntry[];
}

const WRITERS: Readonly<Record<string, (path: string, table: SplitTable) => Promise<FileDigest>>> = {
  'assignments.csv': (path, { lock }) =>
    writeCsv(
      path,
      LOCK_COLUMNS,
      lock.map((entry) => ({ ...entry })),
    ),
  'splits.csv': (path, { assignments }) =>
    writeCsv(
      path,
      ['path', 'class_name', 'split'],
      assignments.map(({ id, className, split }) => ({ path: id, class_name: className, split })),
    ),
  'splits.arrow': (path, { assignments }) =>
    writeArrowTable(path, {
      path: { type: 'utf8', values: assignments.map(({ id }) => id) },
      class_name: { type: 'utf8', values: assignments.map(({ className }) => className) },
      split: { type: 'utf8', values: assignments.map(({ split }) => split) },
    }),
};

/** Writes one file of the splits folder, by its name. @returns its size and digest */
export function writeSplitFile(path: string, table: SplitTable): Promise<FileDigest> {
  return (WRITERS[basename(path)] as (typeof WRITERS)[string])(path, table);
}
