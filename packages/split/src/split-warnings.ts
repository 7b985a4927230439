import { groupBy, printable, SPLITS } from '@atelier/core';
import type { Assignment, SplitResult } from './assign-splits.js';

/** What a person should know of the splits: classes too small to be judged, the same picture on two sides. */
export function splitWarnings(result: SplitResult & { classes: readonly string[] }): string[] {
  return [...smallClasses(result), ...labelConflicts(result.assignments), ...crossingGroups(result)];
}

/** Classes that lack a split. */
function smallClasses({ assignments }: SplitResult): string[] {
  const byClass = groupBy(assignments, ({ className }) => className);
  const lines = [...byClass].flatMap(([name, members]) => {
    const lacking = SPLITS.filter((split) => !members.some((member) => member.split === split));
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
