import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AtelierError } from '@atelier/core';
import { findPictures, pictureWarnings } from './find-pictures.js';

describe('findPictures', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atelier-find-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const put = async (...paths: string[]) => {
    for (const path of paths) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), '');
    }
  };

  it('counts what ingest will take, class by class', async () => {
    await put('Zoë/1.jpg', 'Zoë/deep/2.PNG', 'b 😀/1.webp', 'b 😀/notes.txt', '.DS_Store', 'loose.jpg');
    await mkdir(join(folder, 'Zoë'.normalize('NFD')), { recursive: true });
    await mkdir(join(folder, 'empty'));
    const { classes, files, warnings } = await findPictures(folder);
    expect({ classes, files }).toEqual({
      classes: [
        { name: 'Zoë', files: 2 },
        { name: 'b 😀', files: 1 },
        { name: 'empty', files: 0 },
      ],
      files: 3,
    });
    expect(warnings).toEqual([
      '1 left out (b 😀/notes.txt): not a picture by its extension .txt',
      '1 left out (loose.jpg): not in a class folder',
    ]);
  });

  it('names the classic mistakes', async () => {
    const mistake = async (path = folder) => {
      const error = await findPictures(path).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(AtelierError);
      expect(error).toMatchObject({ code: 'USAGE', path });
      return (error as AtelierError).message;
    };
    expect(await mistake(join(folder, 'nowhere'))).toContain('there is no such folder');
    expect(await mistake()).toContain('it has no sub-folder. Make one sub-folder per class');
    await put('1.jpg', '2.jpg');
    expect(await mistake()).toContain('it has no sub-folder; 2 files lie directly in it.');
    expect(await mistake(join(folder, '1.jpg'))).toContain('it is a file');
    await put('a/notes.txt', 'b/.hidden.jpg');
    expect(await mistake()).toContain('none of its 2 sub-folders holds a picture');
  });
});

describe('pictureWarnings', () => {
  const listing = (sourceIds: string[]) => ({
    classFolders: [...new Set(sourceIds.map((id) => id.split('/')[0] as string))],
    sourceIds,
    skipped: [],
  });

  it.each([
    [['train/a/1.jpg', 'test/a/1.jpg'], 'the sub-folders are named train, test'],
    [['Train/a/1.jpg', 'Val/b/1.jpg', 'TEST/b/1.jpg'], 'Atelier splits by itself'],
    [['photos/a/1.jpg', 'photos/b/1.jpg'], '"photos", and it has 2 sub-folders; are these the classes?'],
    [['a/1.jpg', 'a/2.jpg'], 'there is only one class, "a"'],
    [['a/x/1.jpg', 'a/2.jpg'], 'there is only one class, "a"'],
  ])('of %j', (ids, warning) => {
    expect(pictureWarnings(listing(ids))).toEqual([expect.stringContaining(warning)]);
  });

  it('has nothing to say of two classes', () => {
    expect(pictureWarnings(listing(['a/1.jpg', 'test/1.jpg']))).toEqual([]);
  });
});
