// Sources of the tests: no files, only what the assignment looks at.
import { createHash } from 'node:crypto';
import type { SplitSource } from '../assign-splits.js';
import type { LockEntry } from '../split-lock.js';
import type { Assignment } from '../assign-splits.js';

/** The SHA-256 of a text, standing for a picture's bytes. */
export const digest = (content: string) => createHash('sha256').update(content).digest('hex');

/** A picture whose bytes follow from `content` and which looks like no other. */
export function source(id: string, content = id, more: Partial<SplitSource> = {}): SplitSource {
  return {
    id,
    className: id.slice(0, id.indexOf('/')),
    sha256: digest(content),
    dhash: digest(`looks of ${content}`).slice(0, 16),
    detail: 40,
    ...more,
  };
}

/** `count` pictures of a class. */
export function classOf(name: string, count: number): SplitSource[] {
  return Array.from({ length: count }, (_, i) => source(`${name}/${i}.png`));
}

/** The lock that holds these assignments. */
export function lockOf(assignments: readonly Assignment[]): LockEntry[] {
  return assignments.map(({ id, sha256, split }) => ({ path: id, sha256, split }));
}

/** The default settings. */
export const rules = {
  seed: 1,
  split: { train: 0.8, validation: 0.1, test: 0.1, groupNearDuplicates: true },
  lock: [] as LockEntry[],
};

/** How many pictures of each split. */
export function counts(assignments: readonly Assignment[]) {
  const count = (split: string) => assignments.filter((assignment) => assignment.split === split).length;
  return [count('train'), count('validation'), count('test')];
}
