import fc from 'fast-check';
import { artifactNames } from './artifact-names.js';

const bytes = (text: string) => new TextEncoder().encode(text).length;
const fold = (text: string) => text.normalize('NFC').toLowerCase();

/** Ids as a file system may hold them: any characters but "/" and NUL, never "." or "..". */
const part = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    fc.constantFrom(
      'a',
      'A',
      'a.jpg',
      'a.JPG',
      'a.png',
      'con',
      'NUL.txt',
      'é',
      'é',
      'x.',
      'x ',
      'x'.repeat(251),
      '[1]',
      '-rf',
    ),
  )
  .map((text) => text.replace(/[/\0]/g, '_'))
  .filter((text) => text !== '.' && text !== '..' && text !== '' && !/\p{Cs}/u.test(text));
const ids = fc.uniqueArray(
  fc.tuple(part, part).map(([folder, file]) => `${folder}/${file}`),
  { maxLength: 30 },
);

describe('artifactNames', () => {
  it('is injective even where case and normal form are not told apart', () => {
    fc.assert(
      fc.property(ids, (list) => {
        const names = [...artifactNames(list).values()];
        expect(new Set(names.map(fold)).size).toBe(list.length);
      }),
      { numRuns: 300 },
    );
  });

  it('gives names that Linux, macOS and Windows take, with room for what is appended', () => {
    fc.assert(
      fc.property(ids, (list) => {
        for (const name of artifactNames(list).values()) {
          for (const p of name.split('/')) {
            expect(bytes(`${p}_999.jpg`)).toBeLessThanOrEqual(255);
            expect(p).not.toMatch(/[\u0000-\u001f<>:"\\|?*]|[. ]$/u);
            expect(p).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/iu);
            expect(p).toBe(p.normalize('NFC'));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('does not depend on the order of the ids', () => {
    fc.assert(
      fc.property(ids, (list) => {
        const forwards = artifactNames(list);
        const backwards = artifactNames([...list].reverse());
        for (const id of list) expect(backwards.get(id)).toBe(forwards.get(id));
      }),
    );
  });

  it('keeps plain names readable', () => {
    const names = artifactNames(['Edgar_Degas/a.jpg', 'Edgar_Degas/a.png', 'Albrecht_Dürer/x y & (1).jpeg']);
    expect([...names.values()].sort()).toEqual(
      ['Albrecht_Dürer/x y & (1).jpeg', 'Edgar_Degas/a', 'Edgar_Degas/a.png'].sort(),
    );
  });

  it('tells a.png and a.png.jpg, a_b/c and a/b_c, and case-only twins apart', () => {
    const list = [
      'c/a.png',
      'c/a.png.jpg',
      'c/a.jpg',
      'c/A.jpg',
      'cat/a_b.png',
      'cat_a/b.png',
      'Cat/x.png',
      'cat/x.png',
    ];
    expect(new Set([...artifactNames(list).values()].map(fold)).size).toBe(list.length);
  });

  it('gives no folder the name of a file: neither of another artifact nor of a stage', () => {
    const list = ['c/a', 'c/a.jpg/b.png', 'manifest.jsonl/x.jpg', 'Run.json/x.jpg', 'c/x.npy/y.png'];
    const names = [...artifactNames(list).values()];
    const folders = names.map((name) => name.slice(0, name.lastIndexOf('/')));
    for (const folder of folders) expect(folder).not.toMatch(/\.(?:jpg|npy|jsonl|json)$/i);
    expect(names).toContain('c/a');
  });
});
