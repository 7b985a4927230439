import { groupBy, printable, SPLITS, type DatasetConfig } from '@atelier/core';
import type { Assignment, SplitResult } from './assign-splits.js';

/** As many lines of a kind as are worth reading; the rest is counted. */
const LINES = 4;

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
    ...few(labelConflicts(result.assignments), 'more pictures have several labels'),
    ...few(crossingGroups(result), 'more pictures are on two sides'),
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

/** Splits that are to have pictures and have none, and classes that lack one of the others. */
function smallClasses({ assignments }: SplitResult, { split }: Settings): string[] {
  const meant = SPLITS.filter((name) => split[name] > 0);
  const allGiven = assignments.length > 0 && assignments.every(({ given }) => given !== undefined);
  const empty = allGiven ? meant.filter((name) => !assignments.some((each) => each.split === name)) : [];
  const wanted = meant.filter((name) => !empty.includes(name));
  const byClass = groupBy(assignments, ({ className }) => className);
  const lines = [...byClass].flatMap(([name, members]) => {
    const lacking = wanted.filter((name) => !members.some((member) => member.split === name));
    if (members.length === 1)
      return [`the class "${printable(name)}" has one picture; it goes to ${members[0]?.split}`];
    return lacking.length === 0
      ? []
      : [`the class "${printable(name)}" has no picture in ${lacking.join(' and ')}`];
  });
  return [
    ...empty.map((name) => `no picture is given to ${name}`),
    ...few(lines, 'more classes lack a split'),
  ];
}

const few = (lines: readonly string[], rest: string): string[] =>
  lines.length <= LINES + 1
    ? [...lines]
    : [...lines.slice(0, LINES), `${lines.length - LINES} ${rest}; npx atelier check lists them`];

/** The same bytes under two class names. */
function labelConflicts(assignments: readonly Assignment[]): string[] {
  return [...groupBy(assignments, ({ sha256 }) => sha256).values()].flatMap((same) => {
    const classes = new Set(same.map(({ className }) => className));
    return classes.size < 2
      ? []
      : [`the same picture has ${classes.size} labels: ${names(same.map(({ id }) => id))}`];
  });
}

/** Near-duplicates on two sides: only given splits and the lock can bring that about, since these hold. */
function crossingGroups({ assignments, groups }: SplitResult): string[] {
  const byId = new Map(assignments.map((assignment) => [assignment.id, assignment]));
  return groups.flatMap((group) => {
    const members = group.map((id) => byId.get(id) as Assignment);
    if (new Set(members.map(({ split }) => split)).size < 2) return [];
    const shown = names(members.map(({ id, split }) => `${id} (${split})`));
    return members.some(({ locked }) => locked)
      ? [
          `nearly the same picture is on two sides, as the lock has it: ${shown}; --resplit assigns all afresh`,
        ]
      : [`nearly the same picture is on two sides, as it is given: ${shown}`];
  });
}

const names = (ids: readonly string[]) => ids.map(printable).join(', ');
