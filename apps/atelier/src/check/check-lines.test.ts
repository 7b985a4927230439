import { checkLines } from './check-lines.js';
import type { DatasetCheck } from '@atelier/pipeline';

const clean: DatasetCheck = {
  pictures: 10,
  classes: 1,
  quarantined: 0,
  notRun: [],
  sections: [],
  clean: ['tiny pictures', 'blank pictures'],
  stale: [],
};
const finding = (text: string) => ({ text, pictures: [text], classes: [] });
const section = {
  kind: 'tiny',
  severity: 'note',
  title: 'tiny pictures',
  advice: 'Look for larger ones.',
} as const;

describe('checkLines', () => {
  it('says what was looked for where nothing was found', () => {
    expect(checkLines(clean, { limit: 10 })).toEqual([
      '10 pictures in 1 class',
      '',
      'Looked for and not found: tiny pictures; blank pictures.',
    ]);
  });

  it('names so many findings of each kind and counts the rest', () => {
    const findings = ['a', 'b', 'c'].map(finding);
    const lines = (limit: number) =>
      checkLines({ ...clean, sections: [{ ...section, findings }] }, { limit });
    expect(lines(2).slice(1, 7)).toEqual([
      '',
      'note: tiny pictures (3)',
      '  a',
      '  b',
      '  and 1 more (--limit 3, or --json, names all)',
      '  -> Look for larger ones.',
    ]);
    expect(lines(3).slice(2, 7)).toEqual([
      'note: tiny pictures (3)',
      '  a',
      '  b',
      '  c',
      '  -> Look for larger ones.',
    ]);
    expect(lines(0).slice(2, 4)).toEqual([
      'note: tiny pictures (3)',
      '  and 3 more (--limit 3, or --json, names all)',
    ]);
  });

  it('says what is in quarantine and what could not be looked for', () => {
    const check = { ...clean, quarantined: 2, notRun: ['labels', 'split'] } as const;
    expect(checkLines(check, { limit: 10 }).slice(0, 2)).toEqual([
      '10 pictures in 1 class; 2 in quarantine (npx atelier status --quarantine)',
      'not run yet: labels, split; what they would tell has not been looked for',
    ]);
  });

  it('escapes names', () => {
    const findings = [finding('a\u001b[2J\n\u202e.png')];
    expect(checkLines({ ...clean, sections: [{ ...section, findings }] }, { limit: 1 })[3]).toBe(
      '  a\\u{1b}[2J\\u{a}\\u{202e}.png',
    );
  });
});
