import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { canonicalJson, type Json } from './canonical-json.js';
import { classTable, compareClassTables } from './class-table.js';
import { datasetJsonSchema } from './config-schema.js';
import { AtelierError, printable } from './errors.js';
import { groupBy } from './group-by.js';
import { compareCodePoints } from './order.js';
import { classNameOf, parseSampleId, sampleId } from './sample-id.js';

describe('compareCodePoints', () => {
  it('orders as Python sorts', () => {
    const names = ['1', '2', '10', 'Zebra', 'ant', 'Émile', '_x', '\u{1F600}', '\uFF21'];
    expect(names.sort(compareCodePoints)).toEqual([
      '1',
      '10',
      '2',
      'Zebra',
      '_x',
      'ant',
      'Émile',
      '\uFF21',
      '\u{1F600}',
    ]);
  });

  it('agrees with the order of the code points', () => {
    const points = (text: string) => [...text].map((c) => c.codePointAt(0) as number);
    const byPoints = (a: string, b: string) => {
      const [x, y] = [points(a), points(b)];
      for (let i = 0; i < Math.min(x.length, y.length); i++)
        if (x[i] !== y[i]) return (x[i] as number) - (y[i] as number);
      return x.length - y.length;
    };
    const text = fc.string({ unit: 'binary', maxLength: 6 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(byPoints(a, b)));
      }),
    );
  });
});

describe('canonicalJson', () => {
  it('is one text per value, whatever the order of the keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const shuffled = JSON.parse(JSON.stringify(value), (_, v: unknown) =>
          v !== null && typeof v === 'object' && !Array.isArray(v)
            ? Object.fromEntries(Object.entries(v).reverse())
            : v,
        ) as Json;
        expect(canonicalJson(shuffled)).toBe(canonicalJson(value as Json));
        expect(JSON.parse(canonicalJson(value as Json))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('refuses numbers that JSON cannot hold', () => {
    expect(() => canonicalJson({ a: NaN })).toThrow(TypeError);
  });
});

describe('classTable', () => {
  it('is by code point, NFC, each once', () => {
    expect(classTable(['b', 'a', 'e\u0301', '\u00e9', 'B'])).toEqual(['B', 'a', 'b', '\u00e9']);
  });

  it('keeps a fixed list, with classes that have no folder', () => {
    expect(classTable(['a'], ['z', 'a'])).toEqual(['z', 'a']);
  });

  it('refuses a folder that the fixed list lacks, and a name twice', () => {
    expect(() => classTable(['a', 'b'], ['a'])).toThrow(/"b"/);
    expect(() => classTable(['a'], ['a', 'a'])).toThrow(/twice/);
  });

  it('tells what changed', () => {
    expect(compareClassTables(['a', 'c', 'd'], ['a', 'b', 'c'])).toEqual({
      added: [{ name: 'b', index: 1 }],
      removed: [{ name: 'd', index: 2 }],
      renumbered: [{ name: 'c', from: 1, to: 2 }],
    });
  });
});

describe('sample ids', () => {
  it('come apart as they were put together', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.nat(), (source, variant) => {
        expect(parseSampleId(sampleId(source, variant))).toEqual({ sourceId: source, variant });
      }),
    );
  });

  it('refuses what is none', () => {
    expect(() => parseSampleId('a/b.jpg')).toThrow(AtelierError);
  });

  it('know their class', () => {
    expect(classNameOf('Du\u0308rer/deep/a.jpg')).toBe('D\u00fcrer');
  });
});

describe('AtelierError', () => {
  it('says what, where, what was found and how to mend it', () => {
    const error = new AtelierError({
      code: 'INPUT_INVALID',
      action: 'use the picture',
      path: 'images/a\nb.jpg',
      stage: 'resize',
      problem: 'it is empty',
      hint: 'Remove it.',
    });
    expect(error.message).toBe(
      'Cannot use the picture images/a\\u{a}b.jpg (stage resize): it is empty. Remove it.',
    );
    expect(error.exitCode).toBe(1);
  });

  it('escapes what a terminal would obey', () => {
    expect(printable('a\u001b[31m\u202eb')).toBe('a\\u{1b}[31m\\u{202e}b');
    expect(printable('Albrecht_Dürer 😀')).toBe('Albrecht_Dürer 😀');
  });
});

describe('groupBy', () => {
  it('keeps the order of keys and values', () => {
    expect([...groupBy([3, 1, 4, 1, 5], (n) => n % 2)]).toEqual([
      [1, [3, 1, 1, 5]],
      [0, [4]],
    ]);
  });
});

describe('the committed schema of the sample', () => {
  it('is the one that core emits', () => {
    const path = new URL('../../../datasets/sample/dataset.schema.json', import.meta.url);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(datasetJsonSchema());
  });
});
