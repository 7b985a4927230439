import type { ManifestItem } from '@atelier/artifacts';
import type { AtelierError } from '@atelier/core';
import { refuseBudget } from './quarantine-budget.js';

/** Items of which some are in quarantine, for these reasons. */
const items = (good: number, reasons: readonly string[]): ManifestItem[] => [
  ...Array.from({ length: good }, (_, i) => ({ id: `g${i}`, key: '', outputs: [] })),
  ...reasons.map((reason, i) => ({
    id: `b${i}`,
    key: '',
    outputs: [],
    quarantine: { path: `images/${i}.jpg`, reason, remedy: 'Mend it.', code: 'INPUT_INVALID' },
  })),
];
const refused = (all: ManifestItem[], budget: { count: number; share: number }) => {
  try {
    refuseBudget(all, { noun: 'picture', budget });
  } catch (error) {
    return (error as AtelierError).message;
  }
  return undefined;
};

describe('refuseBudget', () => {
  it('lets pass what either count or share allows', () => {
    const three = items(7, ['x', 'x', 'x']);
    expect(refused(three, { count: 3, share: 0 })).toBeUndefined();
    expect(refused(three, { count: 0, share: 0.3 })).toBeUndefined();
    expect(refused(three, { count: 2, share: 0.29 })).toBeDefined();
    expect(refused(items(3, []), { count: 0, share: 0 })).toBeUndefined();
  });

  it('says why, the most frequent reason first, with some of the files, in whatever order they came', () => {
    const reasons = [
      'it is empty',
      'it has 5 pixels',
      'it is empty',
      'it has 70 pixels',
      'it has 9 pixels',
      'it has 1 pixels',
    ];
    const all = items(4, reasons);
    const message =
      'Cannot finish the stage: 6 of 10 pictures cannot be used, and limits.quarantineBudget allows 1, or 7 %: ' +
      '4 times: it has 5 pixels (images/1.jpg, images/3.jpg, images/4.jpg, …); ' +
      '2 times: it is empty (images/0.jpg, images/2.jpg). ' +
      'Mend or remove them ("npx atelier status --quarantine" lists all), or raise limits.quarantineBudget in ' +
      'dataset.json. Nothing was committed.';
    expect(refused(all, { count: 1, share: 0.07 })).toBe(message);
    expect(refused([...all].reverse(), { count: 1, share: 0.07 })).toBe(message);
  });

  it('takes reasons that differ only in a name for one, and counts those that are too many', () => {
    const letters = [...'abcdefg'];
    const named = letters.map((letter) => `line 1 names "${letter}"`);
    expect(refused(items(0, named), { count: 0, share: 0 })).toContain('7 times: line 1 names "a"');
    expect(refused(items(0, letters), { count: 0, share: 0 })).toMatch(
      /once: e \(images\/4.jpg\); and 2 more reasons/,
    );
  });
});
