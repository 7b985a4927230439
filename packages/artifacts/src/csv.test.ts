import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { runPython } from '@atelier/readers';
import { readCsv, writeCsv } from './csv.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'csv-'));
  file = path.join(folder, 'table.csv');
});
afterEach(() => rm(folder, { recursive: true }));

describe('writeCsv', () => {
  it('writes RFC 4180 with LF, a header and no BOM', async () => {
    await writeCsv(
      file,
      ['path', 'class name', 'class index'],
      [
        { path: 'a/1.jpg', 'class name': 'Édouard, "le" 🎨', 'class index': 0 },
        { 'class index': 1, path: 'b/line\nend.jpg', 'class name': ' b ' },
      ],
    );
    expect(await readFile(file, 'utf8')).toBe(
      'path,class name,class index\na/1.jpg,"Édouard, ""le"" 🎨",0\n"b/line\nend.jpg", b ,1\n',
    );
  });

  it('is read back the same by readCsv and by Python', async () => {
    const columns = ['a', 'b'];
    const text = fc.string({ unit: 'binary' });
    const rows = fc.array(fc.record({ a: text, b: text }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(rows, async (table) => {
        await writeCsv(file, columns, table);
        expect((await readCsv(file, { required: columns })).rows).toEqual(table);
      }),
    );
    const hard = fc.sample(fc.record({ a: text, b: text }), { numRuns: 300, seed: 4180 });
    hard.push(
      { a: '', b: '' },
      { a: '\r', b: '\n' },
      { a: '\r\n', b: '"' },
      { a: ' ', b: ',' },
      { a: '\uFEFF', b: "'" },
    );
    await writeCsv(file, columns, hard);
    const seen = runPython(
      `
import csv
with open(ARGS, newline="", encoding="utf-8") as file:
    RESULT = list(csv.DictReader(file))`,
      file,
    );
    expect(seen).toEqual(hard);
  });

  it('keeps empty values in a table of one column', async () => {
    const rows = [{ only: '' }, { only: 'x' }, { only: '' }];
    await writeCsv(file, ['only'], rows);
    expect((await readCsv(file, { required: ['only'] })).rows).toEqual(rows);
  });

  it('refuses a missing value, and text that UTF-8 cannot hold', async () => {
    await expect(writeCsv(file, ['a', 'b'], [{ a: 1, b: 2 }, { a: 1 }])).rejects.toThrow(
      'row 2 has nothing in column "b"',
    );
    await expect(writeCsv(file, ['a'], [{ a: '\uD800' }])).rejects.toThrow(
      'row 1 has "\\ud800" in column "a"',
    );
  });
});

describe('readCsv', () => {
  it('reads a table from Windows: BOM, CRLF, empty lines, values as they are', async () => {
    await writeFile(file, '\uFEFFpath,label\r\ncat\\1.png,cat\r\n\r\n"dog\\sub\\2.png", dog\r\n\r\n');
    expect(await readCsv(file, { required: ['path', 'label'] })).toEqual({
      columns: ['path', 'label'],
      rows: [
        { path: 'cat\\1.png', label: 'cat' },
        { path: 'dog\\sub\\2.png', label: ' dog' },
      ],
      lines: [2, 4],
    });
  });

  it.each([
    [',', 'path,label\n"a;b",c\n'],
    [';', 'path;label\r\n"a;b";c\r\n'],
    ['\t', 'path\tlabel\na;b\tc\n'],
    ['|', '"path"|label\na;b|c\n'],
  ])('finds the separator %j by the header', async (_separator, content) => {
    await writeFile(file, content);
    const separators = [',', ';', '\t', '|'];
    const rows = [{ path: 'a;b', label: 'c' }];
    expect((await readCsv(file, { required: ['path', 'label'], separators })).rows).toEqual(rows);
    expect((await readCsv(file, { separators })).rows).toEqual(rows);
  });

  it('takes the separator that gives the columns asked for, though another gives more', async () => {
    await writeFile(file, 'path;a,b,c,d\n');
    const separators = [',', ';'];
    expect((await readCsv(file, { required: ['path'], separators })).columns).toEqual(['path', 'a,b,c,d']);
    expect((await readCsv(file, { separators })).columns).toEqual(['path;a', 'b', 'c', 'd']);
    await expect(readCsv(file, { required: ['id'], separators })).rejects.toThrow(/no column "id"/);
  });

  it('lets columns without a name be several', async () => {
    await writeFile(file, 'path,,\na,,\n');
    expect((await readCsv(file, { required: ['path'] })).rows).toEqual([{ path: 'a', '': '' }]);
  });

  it.each([
    ['a missing column', 'path,label\na,b\n', /has no column "class index"; its header has "path", "label"/],
    ['an empty file', '', /has no column "path", "label", "class index"; its header has nothing/],
    ['a column twice', 'path,label,path,class index\n', /names "path" twice/],
    ['a value too few', 'path,label,class index\na,b,1\na,b\n', /line 3: .*expect 3, got 2/],
    ['a value too many', 'path,label,class index\n\na,b,1,x\n', /line 3: .*expect 3, got 4/],
    ['an open quote', 'path,label,class index\na,"b,1\n', /line [23]: .*[Qq]uote/],
    ['text after a quote', 'path,label,class index\n"a"x,b,1\n', /line 2: .*[Qq]uote/],
    [
      'Latin-1',
      Buffer.from('path,label,class index\nété,b,1\n', 'latin1'),
      /is not UTF-8 text. Save the table as CSV in UTF-8/,
    ],
    ['UTF-16', Buffer.from('\uFEFFpath,label,class index\n', 'utf16le'), /is not UTF-8 text/],
  ])('says what is wrong: %s', async (_name, content, message) => {
    await writeFile(file, content);
    const reading = readCsv(file, { required: ['path', 'label', 'class index'] });
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toMatchObject({ code: 'INPUT_INVALID', path: file });
  });

  it('tells a missing file from one that cannot be read', async () => {
    await expect(readCsv(file)).rejects.toMatchObject({ code: 'INPUT_MISSING' });
    await expect(readCsv(folder)).rejects.toMatchObject({ code: 'READ_FAILED' });
  });
});
