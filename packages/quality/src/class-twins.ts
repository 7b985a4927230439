import { compareCodePoints, groupBy } from '@atelier/core';
import { repairName } from './mojibake.js';
import type { Finding, Look } from './section.js';

/** What may keep the names of one class apart, the worst first; each undoes one of them. */
const DIFFERENCES: readonly (readonly [why: string, undo: (name: string) => string])[] = [
  ['', (name) => repairName(name)?.name ?? name.normalize('NFC')],
  ['only in how characters are written (width, ligatures, invisible marks)', written],
  ['only in case', (name) => name.toLowerCase().normalize('NFC')],
  ['only in white space, "_", "-" or "."', (name) => name.replace(/[\s_.-]+/gu, ' ').trim()],
];

function written(name: string): string {
  return name.normalize('NFKC').replace(/\p{Cf}/gu, '');
}

/** The name after the first `steps` differences are undone; all of them by default. */
const folded = (name: string, steps = DIFFERENCES.length) =>
  DIFFERENCES.slice(0, steps).reduce((text, [, undo]) => undo(text), name);

/** Names that seem to mean one class, with the name that all should have; and names in several Unicode normal forms. */
export const classTwins: Look = ({ pictures, classes, writtenNames }) => {
  const counts = new Map(
    [...groupBy(pictures, ({ className }) => className)].map(([name, all]) => [name, all.length]),
  );
  const groups = [...groupBy(classes, (name) => folded(name)).values()];
  const findings = groups.flatMap((names) => renames(names, counts));
  return [
    {
      kind: 'class-twins',
      severity: 'warning',
      title: 'class names that are misread, or twins of another',
      advice:
        'Rename the folder, or the label in the table: pictures of one class are then no longer in two. Where both ' +
        'exist, move the pictures of one into the other.',
      findings: findings.sort((a, b) => compareCodePoints(a.text, b.text)),
    },
    {
      kind: 'class-name-forms',
      severity: 'note',
      title: 'classes written in several Unicode normal forms',
      advice: 'They count as one class already; give the folders one name to have them together.',
      findings: nameForms(writtenNames),
    },
  ];
};

/** What to rename so that all of the group have one name. */
function renames(names: readonly string[], counts: ReadonlyMap<string, number>): Finding[] {
  const repaired = names.map((name) => ({ name, repair: repairName(name) }));
  const sound = repaired.filter(({ repair }) => repair === undefined).map(({ name }) => name);
  const candidates = sound.length > 0 ? sound : repaired.map(({ repair }) => repair?.name as string);
  const count = (name: string) => counts.get(name) ?? 0;
  const [to] = [...candidates].sort((a, b) => count(b) - count(a) || compareCodePoints(a, b)) as [string];
  return repaired.flatMap(({ name, repair }): Finding[] => {
    if (name === to) return [];
    const why =
      repair === undefined
        ? `they differ ${difference(name, to)}`
        : `its UTF-8 was read as ${repair.readAs.join(', then ')}`;
    const text = `rename "${name}" (${pictures(count(name))}) to "${to}"${names.includes(to) ? ` (${pictures(count(to))})` : ''}: ${why}`;
    return [
      {
        text,
        pictures: [],
        classes: [name, ...(names.includes(to) ? [to] : [])].sort(compareCodePoints),
        rename: { from: name, to },
      },
    ];
  });
}

const pictures = (count: number) => `${count} picture${count === 1 ? '' : 's'}`;

/** The first step after which two names are equal. */
function difference(a: string, b: string): string {
  const step = DIFFERENCES.findIndex((_, i) => folded(a, i + 1) === folded(b, i + 1));
  return (DIFFERENCES[step] as (typeof DIFFERENCES)[number])[0];
}

function nameForms(writtenNames: readonly string[]): Finding[] {
  const groups = [...groupBy(writtenNames, (name) => name.normalize('NFC'))];
  return groups.flatMap(([name, forms]): Finding[] =>
    forms.length < 2
      ? []
      : [
          {
            text: `"${name}" is also written ${forms
              .filter((form) => form !== name)
              .map((form) => `"${visible(form)}"`)
              .join(', ')}`,
            pictures: [],
            classes: [name],
          },
        ],
  );
}

/** Combining marks by their numbers: on a screen the two forms of a name look alike. */
const visible = (name: string) =>
  name.replace(/\p{M}/gu, (mark) => `\\u{${mark.codePointAt(0)?.toString(16)}}`);
