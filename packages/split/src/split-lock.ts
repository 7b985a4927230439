import { existsSync } from 'node:fs';
import { readCsv, type Manifest } from '@atelier/artifacts';
import { AtelierError, compareCodePoints, printable, SPLITS, type Split } from '@atelier/core';
import type { Assignment } from './assign-splits.js';

/** The columns of assignments.csv. */
export const LOCK_COLUMNS = ['path', 'sha256', 'split'] as const;

/** One line of assignments.csv. */
export interface LockEntry {
  /** The sourceId it had when it was last seen. */
  readonly path: string;
  readonly sha256: string;
  readonly split: Split;
}

/**
 * Reads the lock. A person may edit it: what it says holds.
 * @returns undefined where there is none
 * @throws AtelierError INPUT_INVALID naming the line that makes no sense, or the two that contradict each other
 */
export async function readLock(path: string): Promise<LockEntry[] | undefined> {
  if (!existsSync(path)) return undefined;
  const table = await readCsv(path, { required: LOCK_COLUMNS });
  const said = new Map<string, { split: string; row: number }>();
  return table.rows.map((row, i) => {
    const { path: source, sha256, split } = row as { path: string; sha256: string; split: string };
    if (!/^[0-9a-f]{64}$/.test(sha256) || !(SPLITS as readonly string[]).includes(split)) {
      throw damaged(path, `line ${table.lines[i]} says sha256 "${sha256}", split "${split}"`);
    }
    const before = said.get(`${sha256} ${source}`);
    if (before !== undefined && before.split !== split) {
      throw damaged(
        path,
        `line ${table.lines[before.row]} says ${before.split} and line ${table.lines[i]} says ${split} of "${printable(source)}"`,
      );
    }
    said.set(`${sha256} ${source}`, { split, row: i });
    return { path: source, sha256, split: split as Split };
  });
}

function damaged(path: string, problem: string): AtelierError {
  return new AtelierError({
    code: 'INPUT_INVALID',
    action: 'use the split lock',
    path,
    problem,
    hint: `A split is one of ${SPLITS.join(', ')}. Correct it, or assign all pictures afresh with --resplit.`,
  });
}

/** The lock as the run before left it, for a lock file that was deleted by accident. */
export function lockFromManifest(previous: Manifest | undefined): LockEntry[] {
  return [...(previous?.items.values() ?? [])].flatMap((item) => {
    const sha256 = item.inputs?.[`images/${item.id}`];
    return sha256 === undefined ? [] : [{ path: item.id, sha256, split: item.params?.['split'] as Split }];
  });
}

/**
 * The next lock: every picture of now, and those of before that are gone, so that one that comes back goes
 * where it was. By path, then digest.
 */
export function mergeLock(lock: readonly LockEntry[], assignments: readonly Assignment[]): LockEntry[] {
  const paths = new Set(assignments.map(({ id }) => id));
  const contents = new Set(assignments.map(({ sha256 }) => sha256));
  const absent = lock.filter((entry) => !paths.has(entry.path) && !contents.has(entry.sha256));
  const present = assignments.map(({ id, sha256, split }) => ({ path: id, sha256, split }));
  return [...present, ...absent].sort(
    (a, b) => compareCodePoints(a.path, b.path) || compareCodePoints(a.sha256, b.sha256),
  );
}
