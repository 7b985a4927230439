import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLock } from './split-lock.js';
import { digest } from './testing/sources.js';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'split-lock-'))));
afterEach(() => rm(folder, { recursive: true }));

async function read(text: string) {
  const path = join(folder, 'assignments.csv');
  await writeFile(path, text);
  return readLock(path);
}
const [one, two] = [digest('1'), digest('2')];

describe('readLock', () => {
  it('is undefined where there is none', async () => {
    expect(await readLock(join(folder, 'none.csv'))).toBeUndefined();
  });

  it('reads what a person or a spreadsheet saved: any order of columns, CRLF, a BOM, quotes', async () => {
    const text = `\uFEFFsplit,path,sha256\r\ntest,"cat/a, ""b"".png",${one}\r\ntrain,cat/b.png,${two}\r\n`;
    expect(await read(text)).toEqual([
      { path: 'cat/a, "b".png', sha256: one, split: 'test' },
      { path: 'cat/b.png', sha256: two, split: 'train' },
    ]);
  });

  it.each([
    [
      'an unknown split',
      `path,sha256,split\ncat/a.png,${one},train\ncat/b.png,${two},tests\n`,
      /line 3 says .*"tests"/,
    ],
    ['a digest that is none', `path,sha256,split\ncat/a.png,abc,train\n`, /line 2 says sha256 "abc"/],
    ['a row with a value too few', `path,sha256,split\ncat/a.png,${one}\n`, /line 2/],
    ['a missing column', `path,split\ncat/a.png,train\n`, /no column "sha256"/],
    [
      'a merge that left both sides',
      `path,sha256,split\ncat/a.png,${one},train\ncat/b.png,${two},test\ncat/a.png,${one},test\n`,
      /line 2 says train and line 4 says test of "cat\/a.png"/,
    ],
    ['conflict marks', `path,sha256,split\n<<<<<<< HEAD\ncat/a.png,${one},train\n`, /line 2/],
  ])('names the line of %s', async (_, text, message) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(read(text)).rejects.toThrow(message);
    await expect(read(text)).rejects.toThrow(join(folder, 'assignments.csv'));
  });
});
