import { groupBy, SPLITS } from '@atelier/core';
import type { Facts } from './facts.js';
import type { Finding, Look } from './section.js';

/**
 * From so many times as many pictures on, a class drowns another: predicting the large one alone is then right in ten
 * cases of eleven.
 */
const IMBALANCE = 10;

/** Classes without pictures, far smaller than others, or absent from a split. */
export const classSizes: Look = (facts) => {
  const counts = countPictures(facts);
  return [
    {
      kind: 'empty-class',
      severity: 'warning',
      title: 'classes without pictures',
      advice: 'The model gets an output that it can never learn: add pictures, or remove the class.',
      findings: facts.classes
        .filter((name) => counts.get(name) === 0)
        .map((name) => ({
          text: `"${name}" has no picture that can be used`,
          pictures: [],
          classes: [name],
        })),
    },
    {
      kind: 'class-imbalance',
      severity: 'warning',
      title: `classes with less than a ${IMBALANCE}th of the pictures of the largest`,
      advice: 'Add pictures, or let training weigh the classes; do not judge by accuracy alone.',
      findings: farSmaller(counts),
    },
    ...(facts.pictures.some(({ split }) => split !== undefined)
      ? [
          {
            kind: 'class-lacks-split',
            severity: 'note' as const,
            title: 'classes that lack a split',
            advice:
              'What is missing in train cannot be learnt, what is missing in validation or test is not judged.',
            findings: lacking(facts, counts),
          },
        ]
      : []),
  ];
};

function countPictures({ classes, pictures }: Facts): ReadonlyMap<string, number> {
  const counts = new Map(classes.map((name) => [name, 0]));
  for (const { className } of pictures) counts.set(className, (counts.get(className) ?? 0) + 1);
  return counts;
}

function farSmaller(counts: ReadonlyMap<string, number>): Finding[] {
  const [largest, ...others] = [...counts].filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  if (largest === undefined) return [];
  return others
    .filter(([, count]) => count * IMBALANCE < largest[1])
    .sort((a, b) => a[1] - b[1])
    .map(([name, count]) => ({
      text: `"${name}" has ${count} and "${largest[0]}" ${largest[1]}: ${Math.round(largest[1] / count)} times as many`,
      pictures: [],
      classes: [name],
    }));
}

/** What classes have no picture in a split that any picture is in. */
function lacking({ classes, pictures }: Facts, counts: ReadonlyMap<string, number>): Finding[] {
  const used = SPLITS.filter((split) => pictures.some((picture) => picture.split === split));
  const bySplit = groupBy(pictures, ({ className }) => className);
  return classes.flatMap((name): Finding[] => {
    const own = new Set((bySplit.get(name) ?? []).map(({ split }) => split));
    const missing = used.filter((split) => !own.has(split));
    if (missing.length === 0 || counts.get(name) === 0) return [];
    return [{ text: `"${name}" has no picture in ${missing.join(' and ')}`, pictures: [], classes: [name] }];
  });
}
