import { groupBy, printable, SPLITS, type DatasetConfig } from '@atelier/core';
import type { Assignment, SplitResult } from './assign-splits.js';

/** What decided the splits: the settings of dataset.json. */
type Settings = { readonly seed: number; readonly split: DatasetConfig['split'] };

/**
 * What a person should know of the splits: classes too small to be judged, the same picture on two sides, changed
 * settings that the lock leaves without effect.
 * @param settings those of the run before, where there was one, and those of now
 */
export function splitWarnings(
  result: SplitResult,
  settings: { before: Settings | undefined; now: Settings },
): string[] {
  return [
    ...smallClasses(result, settings.now),
    ...labelConflicts(result.assignments),
    ...crossingGroups(result),
    ...heldByLock(result, settings),
  ];
}

/** Changed settings, where pictures stay in their splits all the same. */
function heldByLock(
  { assignments }: SplitResult,
  { before, now }: { before: Settings | undefined; now: Settings },
): string[] {
  const locked = assignments.filter((assignment) => assignment.locked).length;
  if (before === undefined || locked === 0) return [];
  const values = ({ seed, split }: Settings) =>
    Object.entries({ seed, ...split }).map(([key, value]) => [
      key === 'seed' ? key : `split.${key}`,
      value,
    ]) as [string, unknown][];
  const old = new Map(values(before));
  const changed = values(now).filter(([key, value]) => old.get(key) !== value);
  if (changed.length === 0) return [];
  const named = changed.map(([key, value]) => `${key} is now ${String(value)}`).join(', ');
  return [`${named}, but ${locked} pictures stay where the lock has them; --resplit assigns all afresh`];
}

/** Classes that lack a split, of those that are to have any picture. */
function smallClasses({ assignments }: SplitResult, { split }: Settings): string[] {
  const wanted = SPLITS.filter((name) => split[name] > 0);
  const byClass = groupBy(assignments, ({ className }) => className);
  const lines = [...byClass].flatMap(([name, members]) => {
    const lacking = wanted.filter((name) => !members.some((member) => member.split === name));
    if (members.length === 1)
      return [`the class "${printable(name)}" has one picture; it goes to ${members[0]?.split}`];
    return lacking.length === 0
      ? []
      : [`the class "${printable(name)}" has no picture in ${lacking.join(' and ')}`];
  });
  return lines.length <= 5 ? lines : [...lines.slice(0, 4), `${lines.length - 4} more classes lack a split`];
}

/** The same bytes under two class names. */
function labelConflicts(assignments: readonly Assignment[]): string[] {
  return [...groupBy(assignments, ({ sha256 }) => sha256).values()].flatMap((same) => {
    const classes = new Set(same.map(({ className }) => className));
    return classes.size < 2
      ? []
      : [`the same picture has ${classes.size} labels: ${names(same.map(({ id }) => id))}`];
  });
}

/** Near-duplicates on two sides: only the lock can bring that about, since what it holds never moves. */
function crossingGroups({ assignments, groups }: SplitResult): string[] {
  const splitOf = new Map(assignments.map(({ id, split }) => [id, split]));
  return groups.flatMap((group) =>
    new Set(group.map((id) => splitOf.get(id))).size < 2
      ? []
      : [
          `nearly the same picture is on two sides, as the lock has it: ` +
            `${names(group.map((id) => `${id} (${splitOf.get(id)})`))}; --resplit assigns all afresh`,
        ],
  );
}

const names = (ids: readonly string[]) => ids.map(printable).join(', ');
