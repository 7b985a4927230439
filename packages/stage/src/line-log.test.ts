import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendLines, readLines } from './line-log.js';

const logPath = () => join(mkdtempSync(join(tmpdir(), 'atelier-log-')), 'folder/log.jsonl');
const linesOf = async (path: string) => {
  const lines: unknown[] = [];
  for await (const line of readLines(path)) lines.push(line);
  return lines;
};

describe('a log of lines', () => {
  it('gives back what was appended, in order; nothing where there is none', async () => {
    const path = logPath();
    expect(await linesOf(path)).toEqual([]);
    await appendLines(path, [{ a: 1 }, ['two\nlines']]);
    await appendLines(path, ['three']);
    expect(await linesOf(path)).toEqual([{ a: 1 }, ['two\nlines'], 'three']);
  });

  it('loses the line that was cut off, and none of those written later', async () => {
    const path = logPath();
    await appendLines(path, [{ a: 1 }]);
    appendFileSync(path, '\n{"a":2,"b":"cut o');
    await appendLines(path, [{ a: 3 }, { a: 4 }]);
    expect(await linesOf(path)).toEqual([{ a: 1 }, { a: 3 }, { a: 4 }]);
  });

  it('says what is in the way', async () => {
    const path = logPath();
    writeFileSync(join(path, '../..', 'folder'), 'a file');
    await expect(appendLines(path, [1])).rejects.toMatchObject({ code: 'WRITE_FAILED', path });
  });
});
