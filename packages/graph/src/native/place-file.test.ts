import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isAlive, placeCopy, placeFolder, placeText, removeLeftovers, temporaryName } from './place-file.js';
import { runCommand } from './run-command.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-place-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const fill =
  (text: string) =>
  async (temporary: string): Promise<void> => {
    await mkdir(join(temporary, 'lib'));
    await writeFile(join(temporary, 'lib', 'a'), text);
    await writeFile(join(temporary, 'whole'), text);
  };
const isWhole = (path: string): boolean => existsSync(join(path, 'whole'));

describe('placeText and placeCopy', () => {
  it('replace a file and leave nothing beside it', async () => {
    const path = join(folder, 'deep', 'file');
    await placeText(path, 'one');
    await placeText(path, 'two');
    await placeCopy(join(folder, 'deep', 'copy'), path);
    expect(await readFile(join(folder, 'deep', 'copy'), 'utf8')).toBe('two');
    expect(await readdir(join(folder, 'deep'))).toEqual(['copy', 'file']);
  });

  it('keep the old file where the new one cannot be made', async () => {
    const path = join(folder, 'file');
    await placeText(path, 'old');
    await expect(placeCopy(path, join(folder, 'missing'))).rejects.toThrow('ENOENT');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['file']);
  });
});

describe('placeFolder', () => {
  it('with several at once: one whole folder, never a mixture, nothing left over', async () => {
    const path = join(folder, 'made');
    const texts = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(texts.map((text) => placeFolder(path, fill(text), isWhole)));
    const whole = await readFile(join(path, 'whole'), 'utf8');
    expect(texts).toContain(whole);
    expect(await readFile(join(path, 'lib', 'a'), 'utf8')).toBe(whole);
    expect(await readdir(folder)).toEqual(['made']);
  });

  it('replaces a damaged folder', async () => {
    const path = join(folder, 'made');
    await mkdir(path);
    await writeFile(join(path, 'part'), '');
    await placeFolder(path, fill('new'), isWhole);
    expect((await readdir(path)).sort()).toEqual(['lib', 'whole']);
    expect(await readdir(folder)).toEqual(['made']);
  });

  it('leaves nothing where it fails', async () => {
    const failing = placeFolder(join(folder, 'made'), () => Promise.reject(new Error('full')), isWhole);
    await expect(failing).rejects.toThrow('full');
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('removeLeftovers', () => {
  it("takes a dead process's files and folders, and no other", async () => {
    const { stdout } = await runCommand({
      file: process.execPath,
      args: ['-p', 'process.pid'],
      limitMs: 20_000,
    });
    const dead = Number(stdout);
    expect(isAlive(dead)).toBe(false);
    const mine = temporaryName('mine');
    const names = [
      mine,
      'kept',
      `x.${dead}-0a1b2c3d.tmp`,
      `download.${dead}-0a1b2c3d.tmpAbCd`,
      `y.${dead}-0a1b2c3d.txt`,
    ];
    for (const name of names) await mkdir(join(folder, name));
    await removeLeftovers(folder);
    expect((await readdir(folder)).sort()).toEqual(['kept', mine, `y.${dead}-0a1b2c3d.txt`].sort());
  });
});
