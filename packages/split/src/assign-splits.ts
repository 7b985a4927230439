import { createHash } from 'node:crypto';
import { compareCodePoints, groupBy, SPLITS, type DatasetConfig, type Split } from '@atelier/core';
import { nearDuplicateGroups } from '@atelier/quality';
import { splitTargets } from './split-targets.js';
import type { LockEntry } from './split-lock.js';

/** A picture to be assigned. */
export interface SplitSource {
  /** The sourceId. */
  readonly id: string;
  readonly className: string;
  /** Digest of the source file's bytes. */
  readonly sha256: string;
  /** 64 bits as 16 hex digits. */
  readonly dhash: string;
  /** How much there is to see, 0-127.5; see `perceptualHash`. */
  readonly detail: number;
  /** The split that its folder or the table of labels gives it. */
  readonly given?: Split;
}

/** A picture and where it belongs. */
export interface Assignment extends SplitSource {
  readonly split: Split;
  /** Whether the lock said so, or this run decided. */
  readonly locked: boolean;
}

/** What {@link assignSplits} goes by. */
export interface SplitRules {
  readonly seed: number;
  readonly split: DatasetConfig['split'];
  readonly lock: readonly LockEntry[];
}

/** The assignments, and the pictures that are the same or nearly so. */
export interface SplitResult {
  /** In the order of the sources. */
  readonly assignments: readonly Assignment[];
  /** Groups of near-duplicates (at least two sourceIds), kept on one side. */
  readonly groups: readonly (readonly string[])[];
}

/**
 * Assigns every picture to a split. A given split holds, then what the lock says. The other pictures come in the order
 * of a seeded hash of their content, near-duplicates as one, and go where their classes are most short of their exact
 * shares; a near-duplicate of a picture whose split is given or locked follows it.
 */
export function assignSplits(sources: readonly SplitSource[], rules: SplitRules): SplitResult {
  const groups = nearDuplicateGroups(sources, { byHash: rules.split.groupNearDuplicates });
  const locked = lockedSplits(sources, rules.lock);
  const known = new Map(locked);
  for (const { id, given } of sources) if (given !== undefined) known.set(id, given);
  const shortage = new Shortage(sources, rules.split);
  for (const source of sources) {
    const split = known.get(source.id);
    if (split !== undefined) shortage.fill(source.className, split);
  }
  const decided = new Map(known);
  const rank = (source: SplitSource) =>
    createHash('sha256').update(`${rules.seed}\n${source.sha256}`).digest('hex');
  const units = groups
    .map((members) => {
      const ranked = members
        .map((m) => ({ m, rank: rank(m) }))
        .sort((a, b) => compareCodePoints(a.rank, b.rank));
      return { members: ranked.map(({ m }) => m), rank: ranked[0]?.rank as string };
    })
    .sort((a, b) => compareCodePoints(a.rank, b.rank));
  for (const { members } of units) {
    const open = members.filter((member) => !known.has(member.id));
    const follow = members.map((member) => known.get(member.id)).find((split) => split !== undefined);
    const chosen = follow ?? shortage.mostShort(open.map((member) => member.className));
    for (const member of open) {
      decided.set(member.id, chosen);
      shortage.fill(member.className, chosen);
    }
  }
  return {
    assignments: sources.map((source) => ({
      ...source,
      split: decided.get(source.id) as Split,
      locked: source.given === undefined && locked.has(source.id),
    })),
    groups: groups
      .filter((members) => members.length > 1)
      .map((members) => members.map((member) => member.id).sort(compareCodePoints))
      .sort((a, b) => compareCodePoints(a[0] as string, b[0] as string)),
  };
}

/**
 * What the lock says of each picture: by its content wherever it lies now (renamed, moved), else by its path
 * (edited in place: the content that the lock knows there lies nowhere any more).
 */
function lockedSplits(sources: readonly SplitSource[], lock: readonly LockEntry[]): Map<string, Split> {
  const byContent = new Map(lock.map((entry) => [entry.sha256, entry.split]));
  const byBoth = new Map(lock.map((entry) => [`${entry.sha256} ${entry.path}`, entry.split]));
  const contents = new Set(sources.map(({ sha256 }) => sha256));
  const gone = lock.filter((entry) => !contents.has(entry.sha256));
  const byPath = new Map(gone.map((entry) => [entry.path, entry.split]));
  return new Map(
    sources.flatMap(({ id, sha256 }): [string, Split][] => {
      const known = byBoth.get(`${sha256} ${id}`) ?? byContent.get(sha256) ?? byPath.get(id);
      return known === undefined ? [] : [[id, known]];
    }),
  );
}

/** How many pictures each class still lacks in each split. */
class Shortage {
  readonly #missing: Map<string, Record<Split, number>>;

  constructor(sources: readonly SplitSource[], shares: DatasetConfig['split']) {
    this.#missing = new Map(
      [...groupBy(sources, (source) => source.className)].map(([name, members]) => [
        name,
        splitTargets(members.length, shares),
      ]),
    );
  }

  fill(className: string, split: Split): void {
    (this.#missing.get(className) as Record<Split, number>)[split] -= 1;
  }

  /** The split that these pictures' classes lack most; train before validation before test. */
  mostShort(classNames: readonly string[]): Split {
    const lacking = (split: Split) =>
      classNames.reduce((sum, name) => sum + (this.#missing.get(name) as Record<Split, number>)[split], 0);
    return SPLITS.reduce((best, split) => (lacking(split) > lacking(best) ? split : best));
  }
}
