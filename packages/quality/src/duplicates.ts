import { compareCodePoints, groupBy } from '@atelier/core';
import type { Facts, Picture } from './facts.js';
import { nearDuplicateGroups } from './near-duplicates.js';
import type { Finding, Look, Section } from './section.js';

type Group = readonly Picture[];

/** As many names of a group as are worth reading; data for machines has all. */
const NAMED = 6;

/**
 * Pictures that are there more than once: with two labels, on two sides of the split, or harmlessly. The same bytes are
 * certain; "nearly the same" goes by a perceptual hash of the resized picture, and may now and then be wrong.
 */
export const duplicates: Look = ({ pictures }: Facts, { split: { groupNearDuplicates } }) => {
  const same = groupsOf(groupBy(pictures, ({ sha256 }) => sha256).values());
  const near = groupsOf(nearGroups(pictures)).filter((group) => kinds(group, 'sha256') > 1);
  const labels = across({ same, near }, 'className');
  const splits = across({ same, near }, 'split');
  const told = new Set([...labels.same, ...labels.near, ...splits.same, ...splits.near]);
  const harmless = (groups: readonly Group[]) => groups.filter((group) => !told.has(group));
  const known = pictures.some(({ looks }) => looks !== undefined);
  return [
    section('label-conflict', labels.same, (group) => listed(group, 'className')),
    ...(known ? [section('near-label-conflict', labels.near, (group) => listed(group, 'className'))] : []),
    section('duplicate-across-splits', splits.same, (group) => listed(group, 'split')),
    ...(known
      ? [
          {
            ...section('near-duplicate-across-splits', splits.near, (group) => listed(group, 'split')),
            ...(!groupNearDuplicates && { severity: 'warning' as const }),
          },
        ]
      : []),
    section('duplicate', harmless(same), (group) => listed(group)),
    ...(known ? [section('near-duplicate', harmless(near), (group) => listed(group))] : []),
  ];
};

function nearGroups(pictures: readonly Picture[]): Group[] {
  const seen = pictures.flatMap((picture) =>
    picture.looks === undefined ? [] : [{ picture, sha256: picture.sha256, ...picture.looks }],
  );
  return nearDuplicateGroups(seen, { byHash: true }).map((group) => group.map(({ picture }) => picture));
}

/** Groups of at least two, their members and then the groups by code point of the ids. */
const groupsOf = (groups: Iterable<Group>): Group[] =>
  [...groups]
    .filter((group) => group.length > 1)
    .map((group) => [...group].sort((a, b) => compareCodePoints(a.id, b.id)))
    .sort((a, b) => compareCodePoints((a[0] as Picture).id, (b[0] as Picture).id));

const kinds = (group: Group, field: 'className' | 'split' | 'sha256') =>
  new Set(group.map((picture) => picture[field]).filter((value) => value !== undefined)).size;

/**
 * The groups whose members differ in a field. A group of near-duplicates counts only by what the groups of equal bytes
 * in it do not tell already.
 */
function across(
  groups: { readonly same: readonly Group[]; readonly near: readonly Group[] },
  field: 'className' | 'split',
): { same: Group[]; near: Group[] } {
  const same = groups.same.filter((group) => kinds(group, field) > 1);
  const told = new Set(same.flat());
  const near = groups.near.filter((group) => {
    const rest = group.filter((picture) => !told.has(picture));
    return kinds(rest, field) > 1;
  });
  return { same, near };
}

function listed(group: Group, field?: 'className' | 'split'): string {
  const names = group.map((picture) =>
    field === undefined ? picture.id : `${picture.id} (${picture[field] ?? 'no split'})`,
  );
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}

const KINDS = {
  'label-conflict': {
    severity: 'error',
    title: 'the same picture under several labels',
    advice:
      'One of the labels is wrong, or both are right and one picture cannot teach both: keep one, remove the others.',
  },
  'near-label-conflict': {
    severity: 'warning',
    title: 'nearly the same picture under several labels',
    advice: 'Look at them: a copy, a crop or another size of one picture should have one label.',
  },
  'duplicate-across-splits': {
    severity: 'error',
    title: 'the same picture in several splits',
    advice:
      'Scores on validation and test come out too good: remove the copies, or assign afresh with --resplit.',
  },
  'near-duplicate-across-splits': {
    severity: 'error',
    title: 'nearly the same picture in several splits',
    advice:
      'Scores on validation and test come out too good: remove the copies, or assign afresh with --resplit.',
  },
  duplicate: {
    severity: 'note',
    title: 'the same picture more than once',
    advice: 'It counts more than the others in training; all copies are in one split.',
  },
  'near-duplicate': {
    severity: 'note',
    title: 'nearly the same picture more than once',
    advice: 'It counts more than the others in training; look whether these are copies.',
  },
} as const satisfies Readonly<Record<string, Omit<Section, 'kind' | 'findings'>>>;

function section(
  kind: keyof typeof KINDS,
  groups: readonly Group[],
  textOf: (group: Group) => string,
): Section {
  const findings = groups.map((group): Finding => ({
    text: textOf(group),
    pictures: group.map(({ id }) => id),
    classes: [...new Set(group.map(({ className }) => className))].sort(compareCodePoints),
  }));
  return { kind, ...KINDS[kind], findings };
}
