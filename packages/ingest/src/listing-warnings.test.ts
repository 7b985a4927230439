import { listingWarnings } from './listing-warnings.js';
import type { Listing } from './list-sources.js';

const listing = ({
  sourceIds = [],
  ...more
}: Partial<Listing> & { sourceIds?: readonly string[] }): Listing => ({
  classNames: [],
  classFolders: [],
  sources: sourceIds.map((id) => ({ id, className: 'cat' })),
  refused: [],
  skipped: [],
  notes: [],
  ...more,
});

describe('listingWarnings', () => {
  it('says nothing of what systems leave behind', () => {
    const skipped = [
      { path: '.DS_Store', reason: 'hidden' },
      { path: '__MACOSX', reason: 'left behind by the system' },
      { path: 'labels.csv', reason: 'the table of labels' },
    ];
    expect(listingWarnings(listing({ skipped, sourceIds: ['cat/a.png'] }))).toEqual([]);
  });

  it('passes on what was noted', () => {
    expect(listingWarnings(listing({ notes: ['twice'] }))).toEqual(['twice']);
  });

  it('names what was left out, and counts where it is much', () => {
    const text = (i: number) => ({
      path: `cat/${i}.txt`,
      reason: 'not a picture by its extension .txt',
    });
    const skipped = [{ path: 'a\nb.png', reason: 'not in a class folder' }, ...[0, 1, 2, 3, 4].map(text)];
    expect(listingWarnings(listing({ skipped }))).toEqual([
      'images/a\\u{a}b.png is left out: not in a class folder',
      'images/cat/0.txt, images/cat/1.txt, images/cat/2.txt and 2 more are left out: ' +
        'not a picture by its extension .txt',
    ]);
  });

  it('names pictures that macOS and Windows would take for one', () => {
    const sourceIds = [
      'Cat/x.png',
      'cat/a.JPG',
      'cat/a.jpg',
      'cat/caf\u00e9.png',
      'cat/cafe\u0301.png',
      'cat/x.png',
    ];
    const twins = listingWarnings(listing({ sourceIds }));
    expect(twins).toHaveLength(3);
    expect(twins[0]).toMatch(/^the names "Cat\/x.png" and "cat\/x.png" differ only in case or Unicode form/);
    expect(twins[1]).toMatch(/"cat\/a.JPG" and "cat\/a.jpg"/);
    expect(twins[2]).toContain('"cat/caf\u00e9.png" and "cat/cafe\\u{301}.png"');
  });

  it('counts the twins where they are many', () => {
    const sourceIds = Array.from({ length: 10 }, (_, i) => [`a/${i}x`, `a/${i}X`]).flat();
    expect(listingWarnings(listing({ sourceIds }))).toHaveLength(4);
    expect(listingWarnings(listing({ sourceIds })).at(-1)).toBe(
      '7 more names differ only in case or Unicode form',
    );
  });
});
