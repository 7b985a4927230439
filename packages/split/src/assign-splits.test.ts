import fc from 'fast-check';
import { SPLITS } from '@atelier/core';
import { assignSplits, type SplitSource } from './assign-splits.js';
import { mergeLock } from './split-lock.js';
import { splitTargets } from './split-targets.js';
import { classOf, counts, digest, lockOf, rules, source } from './testing/sources.js';

const splitsOf = (sources: readonly SplitSource[], lock = rules.lock) =>
  new Map(assignSplits(sources, { ...rules, lock }).assignments.map(({ id, split }) => [id, split]));

describe('exact counts', () => {
  it('10 pictures of each class are 8, 1 and 1, whatever the classes are called', () => {
    const sources = ['Édouard Manet', 'a "b"', '😀'].flatMap((name) => classOf(name, 10));
    const { assignments } = assignSplits(sources, rules);
    for (const name of ['Édouard Manet', 'a "b"', '😀']) {
      expect(counts(assignments.filter(({ className }) => className === name))).toEqual([8, 1, 1]);
    }
  });

  it('a single picture of a class goes to train', () => {
    expect(counts(assignSplits([source('only/a.png'), ...classOf('many', 10)], rules).assignments)).toEqual([
      9, 1, 1,
    ]);
    expect(splitsOf([source('only/a.png')]).get('only/a.png')).toBe('train');
  });

  it('counts pictures, never what is made of them later', () => {
    expect(counts(assignSplits(classOf('cat', 100), rules).assignments)).toEqual([80, 10, 10]);
  });

  it('another seed gives another assignment of the same counts', () => {
    const sources = classOf('cat', 40);
    const one = assignSplits(sources, rules).assignments;
    const two = assignSplits(sources, { ...rules, seed: 2 }).assignments;
    expect(counts(two)).toEqual(counts(one));
    expect(two.map(({ split }) => split)).not.toEqual(one.map(({ split }) => split));
  });
});

describe('laws', () => {
  const pictures = fc
    .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 500 })), {
      minLength: 1,
      maxLength: 60,
      selector: ([name, i]) => `${name}/${i}`,
    })
    .map((list) => list.map(([name, i]) => source(`${name}/${i}.png`)));

  it('every picture is in exactly one split, each class within 1 of its shares', () => {
    fc.assert(
      fc.property(pictures, (sources) => {
        const { assignments } = assignSplits(sources, rules);
        expect(assignments.map(({ id }) => id)).toEqual(sources.map(({ id }) => id));
        for (const name of new Set(sources.map(({ className }) => className))) {
          const members = assignments.filter(({ className }) => className === name);
          const targets = splitTargets(members.length, rules.split);
          expect(counts(members)).toEqual(SPLITS.map((split) => targets[split]));
        }
      }),
    );
  });

  it('the order of the listing decides nothing', () => {
    fc.assert(
      fc.property(
        pictures.chain((sources) =>
          fc.tuple(fc.constant(sources), fc.shuffledSubarray(sources, { minLength: sources.length })),
        ),
        ([sources, shuffled]) => {
          expect([...splitsOf(shuffled)].sort()).toEqual([...splitsOf(sources)].sort());
        },
      ),
    );
  });

  it('names decide nothing: renamed pictures of the same bytes are assigned alike', () => {
    fc.assert(
      fc.property(pictures, (sources) => {
        const renamed = sources.map((picture, i) => ({ ...picture, id: `${picture.className}/z${999 - i}` }));
        expect([...splitsOf(renamed).values()]).toEqual([...splitsOf(sources).values()]);
      }),
    );
  });

  it('adding and removing pictures moves none that is locked, and new ones fill what is short', () => {
    fc.assert(
      fc.property(pictures, pictures, (before, after) => {
        const first = assignSplits(before, rules);
        const lock = lockOf(first.assignments);
        const second = assignSplits(after, { ...rules, lock });
        const splits = new Map(first.assignments.map(({ id, split }) => [id, split]));
        for (const { id, split, locked } of second.assignments) {
          expect(locked).toBe(splits.has(id));
          if (locked) expect(split).toBe(splits.get(id));
        }
      }),
    );
  });

  it('a dataset that grows by one picture at a time keeps its shares', () => {
    const all = classOf('cat', 60);
    let lock = rules.lock;
    for (let count = 1; count <= all.length; count++) {
      const { assignments } = assignSplits(all.slice(0, count), { ...rules, lock });
      const targets = splitTargets(count, rules.split);
      counts(assignments).forEach((found, i) => {
        expect(Math.abs(found - targets[SPLITS[i] as 'train'])).toBeLessThanOrEqual(1);
      });
      lock = lockOf(assignments);
    }
  });
});

describe('the lock', () => {
  const sources = classOf('cat', 10);
  const first = assignSplits(sources, rules).assignments;
  const inTest = first.find(({ split }) => split === 'test') as (typeof first)[number];

  it('holds a picture that was renamed, moved to another class or another folder', () => {
    const moved = sources.map((picture) => ({
      ...picture,
      id: `dog/deep/er/${picture.id.slice(4)}`,
      className: 'dog',
    }));
    const again = assignSplits(moved, { ...rules, lock: lockOf(first) }).assignments;
    expect(again.map(({ split }) => split)).toEqual(first.map(({ split }) => split));
    expect(again.every(({ locked }) => locked)).toBe(true);
  });

  it('holds pictures that were edited in place, were it all of them', () => {
    const edited = sources.map((picture) => source(picture.id, `${picture.id} retouched`));
    const again = assignSplits(edited, { ...rules, lock: lockOf(first) }).assignments;
    expect(again.map(({ split }) => split)).toEqual(first.map(({ split }) => split));
    const anew = assignSplits(edited, rules).assignments;
    expect(anew.map(({ split }) => split)).not.toEqual(first.map(({ split }) => split));
  });

  it('holds copies of one picture apart where a person has put them apart', () => {
    const copies = [...sources, source('cat/copy.png', sources[0]?.id)];
    const put = copies.map(({ id, sha256 }, i) => ({
      path: id,
      sha256,
      split: i === 0 ? ('validation' as const) : ('train' as const),
    }));
    const splits = splitsOf(copies, put);
    expect([splits.get(sources[0]?.id as string), splits.get('cat/copy.png')]).toEqual([
      'validation',
      'train',
    ]);
  });

  it('does not hold a new picture under the old name of one that was renamed', () => {
    const swapped = sources.flatMap((picture) =>
      picture.id === inTest.id
        ? [{ ...picture, id: 'cat/renamed.png' }, source(picture.id, 'a new picture')]
        : [picture],
    );
    const { assignments } = assignSplits(swapped, { ...rules, lock: lockOf(first) });
    expect(assignments.find(({ id }) => id === 'cat/renamed.png')).toMatchObject({
      split: 'test',
      locked: true,
    });
    expect(assignments.find(({ id }) => id === inTest.id)).toMatchObject({ split: 'train', locked: false });
  });

  it('takes back a picture that was removed and comes again', () => {
    const without = sources.filter(({ id }) => id !== inTest.id);
    const second = assignSplits(without, { ...rules, lock: lockOf(first) });
    const lock = mergeLock(lockOf(first), second.assignments);
    expect(lock).toContainEqual({ path: inTest.id, sha256: inTest.sha256, split: 'test' });
    const back = [...without, { ...source('cat/back.png'), sha256: inTest.sha256 }];
    expect(splitsOf(back, lock).get('cat/back.png')).toBe('test');
  });

  it('of a renamed or edited picture names it as it is now, once', () => {
    const changed = sources.map((picture, i) =>
      i === 0 ? { ...picture, id: 'cat/new name.png' } : i === 1 ? source(picture.id, 'retouched') : picture,
    );
    const second = assignSplits(changed, { ...rules, lock: lockOf(first) });
    const lock = mergeLock(lockOf(first), second.assignments);
    expect(lock).toHaveLength(10);
    expect(lock.map(({ path }) => path)).toContain('cat/new name.png');
    expect(lock.map(({ path }) => path)).not.toContain(sources[0]?.id);
    expect(lock).toContainEqual(
      expect.objectContaining({ path: sources[1]?.id, sha256: digest('retouched') }),
    );
  });

  it('holds even against other shares', () => {
    const settings = { ...rules, split: { ...rules.split, train: 0.2, validation: 0.4, test: 0.4 } };
    const again = assignSplits(sources, { ...settings, lock: lockOf(first) }).assignments;
    expect(again.map(({ split }) => split)).toEqual(first.map(({ split }) => split));
    expect(counts(assignSplits(sources, settings).assignments)).toEqual([2, 4, 4]);
  });
});

describe('near-duplicates stay on one side', () => {
  /** The hash with some of its bits turned over. */
  const near = (hash: string, bits: number) =>
    (BigInt(`0x${hash}`) ^ ((1n << BigInt(bits)) - 1n)).toString(16).padStart(16, '0');

  it('whichever of them come', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 10_000 }), (bits, seed) => {
        const sources = classOf('cat', 12);
        const [one] = sources as [SplitSource];
        const copy = source('cat/copy.png', 'copy', { dhash: near(one.dhash, bits) });
        const { assignments, groups } = assignSplits([...sources, copy], { ...rules, seed });
        const splitOf = (id: string) => assignments.find((assignment) => assignment.id === id)?.split;
        expect(splitOf('cat/copy.png')).toBe(splitOf(one.id));
        expect(groups).toEqual([[one.id, 'cat/copy.png'].sort()]);
      }),
    );
  });

  it('a copy that is added later follows the locked picture, also from another class', () => {
    const sources = classOf('cat', 10);
    const first = assignSplits(sources, rules).assignments;
    for (const original of first) {
      const copy = source('dog/copy.png', 'copy', { dhash: near(original.dhash, 3) });
      expect(splitsOf([...sources, copy], lockOf(first)).get('dog/copy.png')).toBe(original.split);
    }
  });

  it('not where dataset.json does not ask for it, the same bytes apart', () => {
    const looks = source('x/x.png').dhash;
    const sources = Array.from({ length: 20 }, (_, i) => source(`cat/${i}.png`, `${i}`, { dhash: looks }));
    const settings = { ...rules, split: { ...rules.split, groupNearDuplicates: false } };
    expect(counts(assignSplits(sources, settings).assignments)).toEqual([16, 2, 2]);
    expect(counts(assignSplits(sources, rules).assignments)).toEqual([20, 0, 0]);
    const same = sources.map((picture) => ({ ...picture, sha256: digest('one') }));
    expect(counts(assignSplits(same, settings).assignments)).toEqual([20, 0, 0]);
  });
});
