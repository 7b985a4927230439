import fc from 'fast-check';
import { qualityReport } from './quality-report.js';
import { found, manifestsOf, reportOn, settings, type Given } from './testing/manifests.js';

/** Pictures of a class, each another. */
const many = (className: string, count: number, more: Given = {}) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${className}/${i}.png`, more]));

const kinds = (report: ReturnType<typeof reportOn>) =>
  report.sections.map(({ kind, severity }) => `${severity} ${kind}`);

describe('a dataset without a flaw', () => {
  it('has nothing to report, and says what was looked for', () => {
    const report = reportOn({ ...many('cat', 5), ...many('dog', 5) });
    expect(report).toMatchObject({ pictures: 10, classes: 2, quarantined: 0, notRun: [], sections: [] });
    expect(report.clean).toHaveLength(18);
    expect(new Set(report.clean).size).toBe(18);
  });
});

describe('pictures that are there more than once', () => {
  const near = { dhash: '00000000000000ff' };
  const nearly = { dhash: '00000000000000fe' };

  it('names conflicting labels first, with all the files', () => {
    const report = reportOn({
      ...many('cat', 2),
      'cat/copy.png': { content: 'same' },
      'cat/copy 2.png': { content: 'same' },
      'dog/copy.png': { content: 'same' },
      'cat/a.png': near,
      'dog/b.png': nearly,
      'dog/tiny.png': { width: 10 },
    });
    expect(kinds(report)).toEqual([
      'error label-conflict',
      'warning near-label-conflict',
      'note tiny',
      'note aspect-ratio',
    ]);
    expect(report.sections[0]?.findings).toEqual([
      {
        text: 'cat/copy 2.png (cat), cat/copy.png (cat), dog/copy.png (dog)',
        pictures: ['cat/copy 2.png', 'cat/copy.png', 'dog/copy.png'],
        classes: ['cat', 'dog'],
      },
    ]);
    expect(found(report, 'near-label-conflict')).toEqual(['cat/a.png (cat), dog/b.png (dog)']);
  });

  it('tells harmless copies from those on two sides of the split', () => {
    const report = reportOn({
      'cat/1.png': { content: 'same' },
      'cat/2.png': { content: 'same' },
      'cat/3.png': { content: 'other', split: 'train' },
      'cat/4.png': { content: 'other', split: 'test' },
      'cat/5.png': { ...near, split: 'train' },
      'cat/6.png': { ...nearly, split: 'validation' },
      'cat/7.png': { dhash: 'ff00ff00ff00ff00' },
      'cat/8.png': { dhash: 'ff00ff00ff00ff01' },
    });
    expect(found(report, 'duplicate')).toEqual(['cat/1.png, cat/2.png']);
    expect(found(report, 'duplicate-across-splits')).toEqual(['cat/3.png (train), cat/4.png (test)']);
    expect(found(report, 'near-duplicate-across-splits')).toEqual([
      'cat/5.png (train), cat/6.png (validation)',
    ]);
    expect(found(report, 'near-duplicate')).toEqual(['cat/7.png, cat/8.png']);
    expect(kinds(report).slice(0, 2)).toEqual([
      'error duplicate-across-splits',
      'error near-duplicate-across-splits',
    ]);
  });

  it('takes near-duplicates on two sides for an error only where they are to be kept together', () => {
    const pictures = { 'cat/5.png': near, 'cat/6.png': { ...nearly, split: 'test' } };
    const apart = { ...settings, split: { groupNearDuplicates: false } };
    expect(kinds(reportOn(pictures, { settings: apart }))).toContain('warning near-duplicate-across-splits');
  });

  it('reports a group once: near-duplicates of copies that conflict already', () => {
    const report = reportOn({
      'cat/orig.png': { content: 'same', ...near },
      'cat/half.png': nearly,
      'cat/jpeg.jpg': { ...near, format: 'jpeg' },
      'dog/same_as_cat.png': { content: 'same', ...near },
    });
    expect(found(report, 'label-conflict')).toEqual(['cat/orig.png (cat), dog/same_as_cat.png (dog)']);
    expect(found(report, 'near-label-conflict')).toEqual([]);
    expect(found(report, 'near-duplicate')).toEqual([
      'cat/half.png, cat/jpeg.jpg, cat/orig.png, dog/same_as_cat.png',
    ]);
  });

  it('never merges blank pictures by their looks', () => {
    const blank = { detail: 0, dhash: '0000000000000000' };
    const report = reportOn({ 'cat/white.png': blank, 'dog/white.png': { ...blank, content: 'cream' } });
    expect(kinds(report)).toEqual(['warning blank']);
  });

  it('names some of a large group and knows all', () => {
    const report = reportOn(many('cat', 30, { content: 'same' }));
    expect(found(report, 'duplicate')[0]).toMatch(/cat\/0.png, .* and 24 more$/);
    expect(report.sections.find(({ kind }) => kind === 'duplicate')?.findings[0]?.pictures).toHaveLength(30);
  });
});

describe('class names', () => {
  const renames = (report: ReturnType<typeof reportOn>) =>
    report.sections
      .find(({ kind }) => kind === 'class-twins')
      ?.findings.map(({ rename }) => [rename?.from, rename?.to]);

  it('that are misread are to be renamed to what they were: NFC, NFD, CP437 once and twice', () => {
    const picture = (name: string) => [`${name}/${name}_1.png`, {}];
    const names = ['Albrecht_D\u00fcrer', 'Albrecht_Du\u0308rer', 'Albrecht_Du╠êrer', 'Albrecht_DuΓòá├¬rer'];
    const report = reportOn({ ...Object.fromEntries(names.map(picture)), 'Edgar_Degas/1.png': {} });
    expect(renames(report)).toEqual([
      ['Albrecht_DuΓòá├¬rer', 'Albrecht_D\u00fcrer'],
      ['Albrecht_Du╠êrer', 'Albrecht_D\u00fcrer'],
    ]);
    expect(found(report, 'class-twins')).toEqual([
      'rename "Albrecht_DuΓòá├¬rer" (1 picture) to "Albrecht_D\u00fcrer" (2 pictures): ' +
        'its UTF-8 was read as CP437, then CP437',
      'rename "Albrecht_Du╠êrer" (1 picture) to "Albrecht_D\u00fcrer" (2 pictures): its UTF-8 was read as CP437',
    ]);
    expect(found(report, 'class-name-forms')).toEqual([
      '"Albrecht_D\u00fcrer" is also written "Albrecht_Du\\u{308}rer"',
    ]);
  });

  it('that are misread are told even without a twin', () => {
    const report = reportOn({ ...many('MÃ¼nter', 2), ...many('Munch', 2) });
    expect(renames(report)).toEqual([['MÃ¼nter', 'Münter']]);
    expect(found(report, 'class-twins')[0]).toMatch(
      /to "Münter": its UTF-8 was read as Windows-1252 \(Latin-1\)$/,
    );
  });

  it.each([
    ['Cat', 'cat', 'only in case'],
    ['Edgar_Degas', 'Edgar  Degas', 'only in white space'],
    ['ﬁsh', 'fish', 'only in how characters are written'],
    ['do\u200bg', 'dog', 'only in how characters are written'],
    ['edgar-degas', 'Edgar_Degas', 'only in white space'],
  ])('that are twins: %j and %j', (small, large, why) => {
    const report = reportOn({ ...many(small, 1), ...many(large, 3) });
    expect(renames(report)).toEqual([[small, large]]);
    expect(found(report, 'class-twins')[0]).toContain(`they differ ${why}`);
  });

  it('that differ are left alone', () => {
    const report = reportOn({ ...many('Dürer', 1), ...many('Durer', 1), ...many('Durer2', 1) });
    expect(renames(report)).toBeUndefined();
  });
});

describe('the sizes of classes', () => {
  it('names empty classes, those of which nothing can be used, and far smaller ones', () => {
    const report = reportOn(
      { ...many('large', 44), ...many('few', 4), ...many('enough', 5), 'bad/1.png': { refusedBy: 'resize' } },
      { classNames: ['large', 'few', 'enough', 'bad', 'void'] },
    );
    expect(report).toMatchObject({ pictures: 53, quarantined: 1, classes: 5 });
    expect(found(report, 'empty-class')).toEqual([
      '"bad" has no picture that can be used',
      '"void" has no picture that can be used',
    ]);
    expect(found(report, 'class-imbalance')).toEqual(['"few" has 4 and "large" 44: 11 times as many']);
  });

  it('names classes that lack a split which others have', () => {
    const report = reportOn({
      ...many('a', 3),
      'a/v.png': { split: 'validation' },
      'b/v.png': { split: 'validation' },
      ...many('c', 2),
    });
    expect(found(report, 'class-lacks-split')).toEqual([
      '"b" has no picture in train',
      '"c" has no picture in validation',
    ]);
  });
});

describe('odd pictures', () => {
  const ordinary = { ...many('a', 3), ...many('b', 3) };

  it.each<[string, { odd: Given; fair: Given; says: string }]>([
    ['blank', { odd: { detail: 3.9 }, fair: { detail: 4 }, says: 'one colour, or nearly so' }],
    ['dark', { odd: { mean: 0.049 }, fair: { mean: 0.05 }, says: 'mean brightness 4.9 %' }],
    ['low-contrast', { odd: { deviation: 0.049 }, fair: { deviation: 0.051 }, says: 'values vary by 4.9 %' }],
    ['tiny', { odd: { width: 74 }, fair: { width: 75 }, says: '74x300' }],
    ['tiny', { odd: { height: 74 }, fair: { height: 75 }, says: '400x74' }],
    ['aspect-ratio', { odd: { width: 901 }, fair: { width: 900 }, says: '901x300' }],
    [
      'aspect-ratio',
      { odd: { width: 300, height: 901 }, fair: { width: 300, height: 900 }, says: '300x901' },
    ],
    [
      'aspect-ratio',
      { odd: { width: 301, height: 100, orientation: 6 }, fair: { orientation: 6 }, says: '100x301' },
    ],
    ['frames', { odd: { frames: 10 }, fair: { frames: 1 }, says: '10 frames or pages' }],
    ['extension', { odd: { format: 'jpeg' }, fair: { format: 'png' }, says: 'it is JPEG' }],
    ['extension', { odd: { format: 'heif' }, fair: {}, says: 'it is AVIF' }],
  ])('%s: %j', (kind, { odd, fair, says }) => {
    const report = reportOn({ ...ordinary, 'b/odd.png': odd, 'b/fair.png': fair });
    expect(found(report, kind)).toEqual([`b/odd.png: ${says}`]);
  });

  it('go by the size that the pictures are brought to', () => {
    const wide = { resize: { width: 900, height: 300 }, split: settings.split };
    const pictures = { ...ordinary, 'b/wide.png': { width: 2700, height: 300 } };
    expect(found(reportOn(pictures), 'aspect-ratio')).toEqual(['b/wide.png: 2700x300']);
    expect(found(reportOn(pictures, { settings: wide }), 'aspect-ratio')).toEqual([]);
  });

  it('the worst first', () => {
    const report = reportOn({
      ...ordinary,
      'a/x.png': { width: 60 },
      'b/y.png': { width: 20 },
      'a/z.png': { width: 60 },
    });
    expect(found(report, 'tiny')).toEqual(['b/y.png: 20x300', 'a/x.png: 60x300', 'a/z.png: 60x300']);
  });

  it.each(['a.jpg', 'a.JPEG', 'a.jfif', 'a', 'a.b/noextension', '.jpg/x'])(
    'an extension may be %s',
    (name) => {
      const report = reportOn({ [`c/${name}`]: { format: 'jpeg' } });
      expect(found(report, 'extension')).toEqual([]);
    },
  );
});

describe('what is not known yet', () => {
  const pictures = {
    'a/1.png': { content: 'same', width: 10 },
    'b/1.png': { content: 'same', detail: 0, mean: 0 },
  };

  it('is neither found nor called clean, and the stage that would tell is named', () => {
    const { ingest } = manifestsOf(pictures);
    const report = qualityReport({ ingest }, settings);
    expect(report.notRun).toEqual(['resize', 'labels', 'split']);
    expect(kinds(report)).toEqual(['error label-conflict', 'note tiny', 'note aspect-ratio']);
    expect([...report.clean, ...report.sections.map(({ title }) => title)]).toHaveLength(11);
    expect(report.clean).not.toContain('blank pictures');
    expect(report.clean).not.toContain('classes that lack a split');
  });

  it('a picture that resize has set aside or left out counts no more', () => {
    const { ingest, resize } = manifestsOf({
      ...pictures,
      'b/2.png': { refusedBy: 'ingest' },
      'b/3.png': { refusedBy: 'resize', content: 'same' },
    });
    const subset = new Map([...resize.items].filter(([id]) => id !== 'a/1.png'));
    const report = qualityReport({ ingest, resize: { ...resize, items: subset } }, settings);
    expect(report).toMatchObject({ pictures: 1, quarantined: 2 });
    expect(found(report, 'label-conflict')).toEqual([]);
  });
});

it('is the same whatever the order of the manifests’ items', () => {
  const pictures = {
    ...many('a', 4, { content: 'x' }),
    ...many('b', 3),
    'b/x.png': { content: 'x', split: 'test' },
    'c/tiny.png': { width: 3, height: 2 },
    'C/dark.png': { mean: 0 },
  };
  const manifests = manifestsOf(pictures);
  const expected = JSON.stringify(qualityReport(manifests, settings));
  const ids = [...manifests.ingest.items.keys()];
  fc.assert(
    fc.property(fc.shuffledSubarray(ids, { minLength: ids.length }), (order) => {
      const sorted = new Map(order.map((id) => [id, manifests.ingest.items.get(id) as never]));
      const shuffled = { ...manifests, ingest: { ...manifests.ingest, items: sorted } };
      expect(JSON.stringify(qualityReport(shuffled, settings))).toBe(expected);
    }),
    { numRuns: 20 },
  );
});
