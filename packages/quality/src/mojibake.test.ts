import fc from 'fast-check';
import { runPython } from '@atelier/readers';
import { repairName } from './mojibake.js';

const NFD = 'Albrecht_Du\u0308rer';
const NFC = 'Albrecht_D\u00fcrer';

describe('repairName', () => {
  it('undoes what the archives of real data sets have: NFD read as CP437 once and twice', () => {
    expect(repairName('Albrecht_Du╠êrer')).toEqual({ name: NFC, readAs: ['CP437'] });
    expect(repairName('Albrecht_DuΓòá├¬rer')).toEqual({ name: NFC, readAs: ['CP437', 'CP437'] });
    expect(repairName('Albrecht_DÃ¼rer')).toEqual({ name: NFC, readAs: ['Windows-1252 (Latin-1)'] });
    expect(repairName('Albrecht_Du#U0308rer')).toEqual({ name: NFC, readAs: ['escapes #U…'] });
    expect(repairName('Albrecht_Du#U2560#U00earer')).toEqual({ name: NFC, readAs: ['escapes #U…', 'CP437'] });
  });

  it('undoes what Python does by each of the encodings, once and twice', () => {
    const names = [NFD, NFC, 'Édouard Manet', 'Здравствуй', '日本語', 'Ångström ½', 'naïve 😀', 'São_Paulo'];
    const encodings = ['cp437', 'cp850', 'latin-1', 'cp1252', 'mac-roman'];
    const misread = runPython(
      `
def wrong(name, encoding):
    try:
        return name.encode("utf-8").decode(encoding)
    except UnicodeDecodeError:
        return None
RESULT = []
for name in ARGS["names"]:
    for encoding in ARGS["encodings"]:
        once = wrong(name, encoding)
        if once is None: continue
        RESULT.append([name, once])
        twice = wrong(once, encoding)
        if twice is not None: RESULT.append([name, twice])`,
      { names, encodings },
    ) as [string, string][];
    expect(misread.length).toBeGreaterThan(50);
    const failed = misread.filter(([name, wrong]) => repairName(wrong)?.name !== name.normalize('NFC'));
    expect(failed).toEqual([]);
  });

  it('finds the name again where the file system has taken the accents apart', () => {
    expect(repairName('Albrecht_Du╠êrer'.normalize('NFD'))?.name).toBe(NFC);
  });

  it.each([
    NFC,
    NFD,
    'Édouard Manet',
    'cat',
    'Здравствуй',
    '日本語',
    'naïve',
    'Ñandú',
    'ÄÖÜ',
    '100 °C ±5',
    'Γεια σου',
    '#Unicode',
    'a#U00zz',
    '#U0007',
    '',
  ])('leaves a name alone that was read as it is: %j', (name) => {
    expect(repairName(name)).toBeUndefined();
  });

  it('leaves every name alone that has only ASCII or only one accent', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary-ascii' }),
        (name) => /#U/.test(name) || repairName(name) === undefined,
      ),
    );
    const letter = fc.constantFrom(...'äöüßéèêàçñøåÄÖÜÉ');
    fc.assert(
      fc.property(
        letter,
        fc.stringMatching(/^[a-z ]*$/),
        fc.stringMatching(/^[a-z ]*$/),
        (accent, before, after) => {
          expect(repairName(before + accent + after)).toBeUndefined();
        },
      ),
    );
  });
});
