import { join } from 'node:path';
import fc from 'fast-check';
import { parseDatasetConfig } from '@atelier/core';
import { listSources } from './list-sources.js';
import { plant, temporaryFolder } from './testing/folder.js';

const folder = temporaryFolder();

/** Lists by a table; `images/` holds the files. */
async function listed(csv: string | Uint8Array, files: readonly string[], labels: object = {}) {
  await plant(folder(), Object.fromEntries(files.map((path) => [`images/${path}`, 'x'])));
  await plant(folder(), { 'images/': '', 'labels.csv': csv });
  return listSources(
    folder(),
    parseDatasetConfig({ labels: { csv: 'labels.csv', ...labels } }, 'dataset.json'),
  );
}
/** "id: class" of each picture. */
const labelled = ({ sources }: Awaited<ReturnType<typeof listed>>) =>
  sources.map(({ id, className, split }) => `${id}: ${className}${split === undefined ? '' : ` ${split}`}`);
const refusals = ({ refused }: Awaited<ReturnType<typeof listed>>) =>
  refused.map(({ path, reason }) => `${path}: ${reason}`);

describe('a table of labels', () => {
  it('names pictures wherever they lie, also outside of every folder', async () => {
    const rows = 'b/deep/2.png,dog\n1.png,cat\nb/3,cat\nb/scan.dat,dog\n';
    const listing = await listed(`path,label\n${rows}`, ['1.png', 'b/deep/2.png', 'b/3', 'b/scan.dat']);
    expect(labelled(listing)).toEqual(['1.png: cat', 'b/3: cat', 'b/deep/2.png: dog', 'b/scan.dat: dog']);
    expect(listing).toMatchObject({ classNames: ['cat', 'dog'], classFolders: [], refused: [], skipped: [] });
  });

  it('may have any columns, quotes, line ends and separators', async () => {
    const files = ['a "b",c;d.png', 'x\ny.png'];
    const names = { path: 'file name', label: 'class' };
    const comma = 'id,"file name",class\r\n1,"a ""b"",c;d.png","K, L"\r\n2,"x\ny.png",M\r\n';
    const expected = ['a "b",c;d.png: K, L', 'x\ny.png: M'];
    expect(labelled(await listed(comma, files, names))).toEqual(expected);
    for (const separator of [';', '\t', '|']) {
      const text = ['"file name"', 'class', 'note'].join(separator);
      const rows = [`"a ""b"",c;d.png"`, '"K, L"', ''].join(separator);
      const table = `\uFEFF${text}\n${rows}\n"x\ny.png"${separator}M${separator}-\n`;
      expect(labelled(await listed(table, files, names))).toEqual(expected);
      expect(labelled(await listed(table, files, { ...names, separator }))).toEqual(expected);
    }
  });

  it('from Windows finds the same pictures: BOM, CRLF, backslashes', async () => {
    const table = '\uFEFFpath,label\r\ncat\\1.png,cat\r\ndog\\sub\\2.png,dog\r\n.\\dog\\we\\ird.png,dog\r\n';
    const files = ['cat/1.png', 'dog/sub/2.png', 'dog/we/ird.png'];
    expect(labelled(await listed(table, files))).toEqual([
      'cat/1.png: cat',
      'dog/sub/2.png: dog',
      'dog/we/ird.png: dog',
    ]);
  });

  it('means the file of exactly that name first: a backslash may be part of it', async () => {
    const listing = await listed('path,label\ndog\\1.png,a\ndog/1.png,b\n', ['dog\\1.png', 'dog/1.png']);
    expect(labelled(listing)).toEqual(['dog/1.png: b', 'dog\\1.png: a']);
  });

  it('means a name in whatever Unicode normal form, the exact one first', async () => {
    const [nfc, nfd] = ['caf\u00e9.png', 'cafe\u0301.png'];
    expect(labelled(await listed(`path,label\na\\${nfd},a\n`, [`a/${nfc}`]))).toEqual([`a/${nfc}: a`]);
    const both = await listed(`path,label\n${nfc},a\n${nfd},b\n`, [nfc, nfd]);
    expect(labelled(both)).toEqual([`${nfd}: b`, `${nfc}: a`]);
    const mixed = 'caf\u00e9 e\u0301'; // in neither form
    const twins = await listed(`path,label\n${mixed},a\n`, [mixed.normalize('NFC'), mixed.normalize('NFD')]);
    expect(refusals(twins)).toEqual([
      `images/${mixed}: line 2 of labels.csv names it, but two files have that name in different ` +
        'Unicode normal forms',
    ]);
  });

  it('names labels in normal form C, and keeps them as they are otherwise', async () => {
    const listing = await listed('path,label\n1.png,Du\u0308rer\n2.png,D\u00fcrer\n3.png, =1+1\n', [
      '1.png',
      '2.png',
      '3.png',
    ]);
    expect(labelled(listing)).toEqual(['1.png: D\u00fcrer', '2.png: D\u00fcrer', '3.png:  =1+1']);
  });

  it('may give splits, some of them', async () => {
    const table = 'path,label,part\n1.png,a,TRAIN\n2.png,a,val\n3.png,a,\n4.png,a, test \n5.png,a,holdout\n';
    const files = [1, 2, 3, 4, 5].map((i) => `${i}.png`);
    const listing = await listed(table, files, { split: 'part' });
    expect(labelled(listing)).toEqual(['1.png: a train', '2.png: a validation', '3.png: a', '4.png: a test']);
    expect(refusals(listing)).toEqual(['images/5.png: line 6 of labels.csv gives it the split "holdout"']);
    expect(labelled(await listed(table, files))).toHaveLength(5); // the column is not asked for
  });
});

describe('what a table of labels cannot have', () => {
  it.each([
    ['../outside.png', 'it leads out of a folder with ".."'],
    ['a/../../outside.png', 'it leads out of a folder with ".."'],
    ['a\\..\\..\\outside.png', 'it leads out of a folder with ".."'],
    ['a/../1.png', 'it leads out of a folder with ".."'],
    ['/etc/passwd', 'it is an absolute path'],
    ['\\\\server\\share\\1.png', 'it is an absolute path'],
    ['C:\\1.png', 'it names a drive'],
    ['c:1.png', 'it names a drive'],
    ['1.png\0.jpg', 'it holds a NUL character'],
    ['./', 'it names a folder'],
  ])('a path that is none below the folder of pictures: %j', async (path, problem) => {
    await plant(folder(), { 'outside.png': 'x' });
    const listing = await listed(`path,label\n1.png,a\n${path},b\n`, ['1.png']);
    expect(labelled(listing)).toEqual(['1.png: a']);
    expect(refusals(listing)).toEqual([`${path}: line 3 of labels.csv names it, but ${problem}`]);
  });

  it('a path out of the folder, however it is written', async () => {
    const part = fc.constantFrom(
      '..',
      '.',
      '',
      'a',
      'images',
      '..\\',
      'C:',
      '/',
      '\\',
      ' ',
      '\u0000',
      '%2e%2e',
      '~',
    );
    await plant(folder(), { 'secret.png': 'x', 'images/a/1.png': 'x' });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 6 }), async (parts) => {
        const path = [...parts, 'secret.png'].join('/');
        const listing = await listed(`path,label\n"${path}",b\n`, []);
        expect(labelled(listing)).toEqual([]);
        expect(listing.refused).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
  });

  it('a file that is not there, or not among the pictures; the likeliest one is named', async () => {
    const rows = ['Cat/1.PNG', '2', 'images/cat/2.png', 'cat/gone.png', '.hidden/x.png', 'cat/.x.png'];
    const listing = await listed(`path,label\n${rows.map((path) => `${path},a\n`).join('')}`, [
      'cat/1.png',
      'cat/2.png',
      '.hidden/x.png',
      'cat/.x.png',
    ]);
    expect(labelled(listing)).toEqual([]);
    expect(refusals(listing).map((text) => text.replace(/line \d of labels.csv names it, but /, ''))).toEqual(
      [
        'images/.hidden/x.png: its folder .hidden is left out: hidden',
        'images/2: there is no such file; did you mean "cat/2.png"?',
        'images/Cat/1.PNG: there is no such file; did you mean "cat/1.png"?',
        'images/cat/.x.png: it is left out: hidden',
        'images/cat/gone.png: there is no such file',
        'images/images/cat/2.png: there is no such file; did you mean "cat/2.png"?',
      ],
    );
    expect(listing.refused[4]?.remedy).toBe('Put the picture there, or correct the row.');
  });

  it('two labels, two splits, no label or no path', async () => {
    const table = [
      'path,label,split',
      '1.png,a,',
      '2.png,a,train',
      '.\\1.png,b,',
      '2.png,a,test',
      '3.png,  ,',
      ',a,',
      '4.png,a,',
      ',,',
      '1.png,a,',
    ].join('\n');
    const listing = await listed(table, ['1.png', '2.png', '3.png', '4.png'], { split: 'split' });
    expect(labelled(listing)).toEqual(['4.png: a']);
    expect(refusals(listing)).toEqual([
      'labels.csv: line 7 names no picture',
      'images/1.png: lines 2, 4 and 10 of labels.csv give it the labels "a" and "b"',
      'images/2.png: lines 3 and 5 of labels.csv give it the splits "train" and "test"',
      'images/3.png: line 6 of labels.csv gives it no label',
    ]);
    expect(listing.classNames).toEqual(['a', 'b']);
  });

  it('the same row twice does no harm and is told', async () => {
    const rows = [1, 2, 3, 4].flatMap((i) => [`${i}.png,a`, `${i}.png,a`]);
    const listing = await listed(`path,label\n${rows.join('\n')}\n`, ['1.png', '2.png', '3.png', '4.png']);
    expect(listing.sources).toHaveLength(4);
    expect(listing.notes).toEqual([
      'labels.csv names a picture more than once, with one label: images/1.png (lines 2 and 3), ' +
        'images/2.png (lines 4 and 5), images/3.png (lines 6 and 7) and 1 more',
    ]);
  });

  it('files that no row names are left out, each with its reason', async () => {
    await plant(folder(), { 'images/table.csv': 'path,label\n1.png,a\n' });
    const listing = await listed('', ['1.png', '2.png', 'notes.txt', '.DS_Store'], {
      csv: 'images/table.csv',
    });
    expect(labelled(listing)).toEqual(['1.png: a']);
    expect(listing.skipped).toEqual([
      { path: '.DS_Store', reason: 'hidden' },
      { path: '2.png', reason: 'no row of images/table.csv names it' },
      { path: 'notes.txt', reason: 'not a picture by its extension .txt' },
      { path: 'table.csv', reason: 'the table of labels' },
    ]);
  });

  it('a column that is not there, or the whole table', async () => {
    await expect(listed('file,label\n', [])).rejects.toThrow(
      /has no column "path"; its header has "file", "label"/,
    );
    await expect(listed('path,label\n', [], { split: 'split' })).rejects.toThrow(/has no column "split"/);
    await expect(listed('path,label\n', [], { csv: 'lables.csv' })).rejects.toMatchObject({
      code: 'INPUT_MISSING',
      path: join(folder(), 'lables.csv'),
    });
    await expect(listed('path,label\n"1.png,a\n', [])).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});
