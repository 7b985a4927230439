import { assignSplits, type SplitSource } from './assign-splits.js';
import { splitWarnings } from './split-warnings.js';
import { classOf, digest, lockOf, rules, source } from './testing/sources.js';

const { lock: _lock, ...settings } = rules;
const warningsOf = (
  sources: readonly SplitSource[],
  more: Partial<typeof rules> = {},
  before?: typeof settings,
) => {
  const { lock = [], ...now } = { ...rules, ...more };
  return splitWarnings(assignSplits(sources, { ...now, lock }), { before, now });
};

describe('splitWarnings', () => {
  it('has nothing to say of classes that are large enough', () => {
    expect(warningsOf(classOf('cat', 10))).toEqual([]);
  });

  it('names a class of one picture, and one that lacks a split', () => {
    expect(warningsOf([...classOf('cat', 10), source('only/a.png'), ...classOf('few', 5)])).toEqual([
      'the class "only" has one picture; it goes to train',
      'the class "few" has no picture in test',
    ]);
  });

  it('does not miss a split that is to have nothing', () => {
    const split = { ...rules.split, validation: 0.2, test: 0 };
    expect(warningsOf(classOf('cat', 10), { split })).toEqual([]);
  });

  it('counts where there are many', () => {
    const sources = Array.from({ length: 9 }, (_, i) => source(`c${i}/a.png`));
    expect(warningsOf(sources)).toHaveLength(5);
    expect(warningsOf(sources)[4]).toBe('5 more classes lack a split; npx atelier check lists them');
  });

  it('names the files of the same bytes under two labels', () => {
    const sources = [...classOf('cat', 10), ...classOf('dog', 10), source('dog/same.png', 'cat/3.png')];
    expect(warningsOf(sources)).toEqual(['the same picture has 2 labels: cat/3.png, dog/same.png']);
  });

  it('says that the lock holds near-duplicates apart', () => {
    const sources = classOf('cat', 10).map((picture, i) =>
      i > 1 ? picture : { ...picture, dhash: '0123456789abcdef' },
    );
    const apart = lockOf(assignSplits(sources, rules).assignments).map((entry) => ({
      ...entry,
      split: entry.path === 'cat/0.png' ? ('test' as const) : ('train' as const),
    }));
    expect(warningsOf(sources, { lock: apart })).toEqual([
      'the class "cat" has no picture in validation',
      'nearly the same picture is on two sides, as the lock has it: cat/0.png (test), cat/1.png (train); ' +
        '--resplit assigns all afresh',
    ]);
  });

  it('says that given splits hold near-duplicates apart, and that one has nothing', () => {
    const given = classOf('cat', 10).map((picture, i) => ({
      ...picture,
      given: i % 2 === 0 ? ('train' as const) : ('test' as const),
      ...(i < 2 && { dhash: '0123456789abcdef' }),
    }));
    expect(warningsOf(given)).toEqual([
      'no picture is given to validation',
      'nearly the same picture is on two sides, as it is given: cat/0.png (train), cat/1.png (test)',
    ]);
  });

  it('counts the pictures on two sides where they are many', () => {
    const twice = ['train', 'validation', 'test'].flatMap((given) =>
      classOf(given, 9).map((picture) => ({
        ...picture,
        ...source(picture.id, picture.id.slice(-5)),
        given,
      })),
    ) as SplitSource[];
    const lines = warningsOf(twice);
    expect(lines.filter((line) => line.startsWith('nearly the same'))).toHaveLength(4);
    expect(lines).toContain('5 more pictures are on two sides; npx atelier check lists them');
    expect(lines).toContain('5 more pictures have several labels; npx atelier check lists them');
  });

  it('says that other shares or another seed do not move locked pictures', () => {
    const sources = classOf('cat', 20);
    const lock = lockOf(assignSplits(sources, rules).assignments);
    const split = { ...rules.split, train: 0.6, test: 0.3 };
    const expected = [
      'seed is now 2, split.train is now 0.6, split.test is now 0.3, ' +
        'but 20 pictures stay where the lock has them; --resplit assigns all afresh',
    ];
    expect(warningsOf(sources, { seed: 2, split, lock }, settings)).toEqual(expected);
    expect(warningsOf(sources, { lock }, settings)).toEqual([]);
    expect(warningsOf(sources, { seed: 2, split }, settings)).toEqual([]);
  });

  it('prints names so that no terminal is led astray', () => {
    const sources = [source('a\u001b[31m/x\n.png', 'same'), source('b/y.png', 'same'), ...classOf('c', 10)];
    const lines = warningsOf(sources).filter((line) => line.includes('labels'));
    expect(lines).toEqual(['the same picture has 2 labels: a\\u{1b}[31m/x\\u{a}.png, b/y.png']);
    expect(digest('same')).toBe(sources[0]?.sha256);
  });
});
