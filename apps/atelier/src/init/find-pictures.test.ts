import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AtelierError } from '@atelier/core';
import { findPictures } from './find-pictures.js';

function temporaryFolder(): () => string {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'atelier-find-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));
  return () => folder;
}

async function plant(folder: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), '');
  }
}

describe('findPictures', () => {
  const folder = temporaryFolder();
  const put = (...paths: string[]) => plant(folder(), paths);

  it('counts what ingest will take, class by class', async () => {
    await put('Zoë/1.jpg', 'Zoë/deep/2.PNG', 'b 😀/1.webp', 'b 😀/notes.txt', '.DS_Store', 'loose.jpg');
    await mkdir(join(folder(), 'Zoë'.normalize('NFD')), { recursive: true });
    await mkdir(join(folder(), 'empty'));
    const { classes, files, layout, columns, warnings } = await findPictures({ images: folder() });
    expect({ layout, columns }).toEqual({ layout: 'class', columns: undefined });
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
    const mistake = async (path = folder()) => {
      const error = await findPictures({ images: path }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(AtelierError);
      expect(error).toMatchObject({ code: 'USAGE', path });
      return (error as AtelierError).message;
    };
    expect(await mistake(join(folder(), 'nowhere'))).toContain('there is no such folder');
    expect(await mistake()).toContain('it has no sub-folder that is a class. Make one sub-folder per class');
    await put('1.jpg', '2.jpg');
    expect(await mistake()).toContain('it has no sub-folder that is a class; 2 files lie outside of any.');
    expect(await mistake(join(folder(), '1.jpg'))).toContain('it is a file');
    await put('a/notes.txt', 'b/.hidden.jpg');
    expect(await mistake()).toContain('none of its 2 sub-folders holds a picture');
  });

  it.each([
    [
      ['train/1.jpg', 'test/1.jpg'],
      'the folders of pictures are named test, train, and each is taken for a class',
    ],
    [['photos/a/1.jpg', 'photos/b/1.jpg'], '"photos", and it has 2 sub-folders; are these the classes?'],
    [['a/1.jpg', 'a/2.jpg'], 'there is only one class, "a"'],
    [['a/x/1.jpg', 'a/2.jpg'], 'there is only one class, "a"'],
  ])('doubts that the folders %j are the classes', async (paths, warning) => {
    await put(...paths);
    expect((await findPictures({ images: folder() })).warnings).toEqual([expect.stringContaining(warning)]);
  });

  it('has no doubts about two classes', async () => {
    await put('a/1.jpg', 'test/1.jpg');
    expect((await findPictures({ images: folder() })).warnings).toEqual([]);
  });
});

describe('findPictures, by split and class', () => {
  const folder = temporaryFolder();
  const put = (...paths: string[]) => plant(folder(), paths);

  it('sees that the folders are splits with the classes in them, unless it is told what they are', async () => {
    await put('Train/a/1.jpg', 'val/b/1.jpg', 'TEST/b/1.jpg', 'Train/c/.keep');
    const found = await findPictures({ images: folder() });
    expect(found).toMatchObject({ layout: 'split/class', files: 3, warnings: [] });
    expect(found.classes).toEqual([
      { name: 'a', files: 1 },
      { name: 'b', files: 2 },
      { name: 'c', files: 0 },
    ]);
    const told = await findPictures({ images: folder(), layout: 'class' });
    expect(told.classes.map(({ name }) => name)).toEqual(['TEST', 'Train', 'val']);
    expect(told.warnings).toEqual([expect.stringContaining('set "layout": "split/class"')]);
  });

  it('names what lies in no split', async () => {
    await put('train/a/1.jpg', 'more/b/1.jpg');
    const { warnings, classes } = await findPictures({ images: folder(), layout: 'split/class' });
    expect(classes).toEqual([{ name: 'a', files: 1 }]);
    expect(warnings).toEqual(['1 left out (more): not named after a split (train, validation, test)']);
    await expect(findPictures({ images: join(folder(), 'more'), layout: 'split/class' })).rejects.toThrow(
      'it has no sub-folder that is a class',
    );
  });
});

describe('findPictures, by a table', () => {
  const folder = temporaryFolder();
  const look = async (csv: string, columns: Record<string, string> = {}) => {
    await plant(folder(), ['pictures/1.jpg', 'pictures/deep/2.jpg', 'pictures/3.jpg']);
    const path = join(folder(), 'labels.csv');
    await writeFile(path, csv);
    return findPictures({ images: join(folder(), 'pictures'), table: { path, columns } });
  };

  it('takes the columns that are called as usual, and counts', async () => {
    const { classes, columns, files, warnings } = await look(
      'id;Class;FileName\n1;x;1.jpg\n2;y;deep/2.jpg\n',
    );
    expect({ columns, files, classes }).toEqual({
      columns: { path: 'FileName', label: 'Class', split: null },
      files: 2,
      classes: [
        { name: 'x', files: 1 },
        { name: 'y', files: 1 },
      ],
    });
    expect(warnings).toEqual(['1 left out (3.jpg): no row of labels.csv names it']);
  });

  it('takes those that are named, and says what else there is', async () => {
    const csv =
      'file,artist,school,split\n1.jpg,a,s,train\ndeep/2.jpg,b,s,\n3.jpg,c,s,test\n4.jpg,c,s,test\n';
    const { columns, classes, warnings } = await look(csv, { label: 'artist' });
    expect(columns).toEqual({ path: 'file', label: 'artist', split: null });
    expect(classes).toHaveLength(3);
    expect(warnings).toEqual([
      'the table has a column "split": --split-column split keeps its splits',
      '1 rows of the table cannot be obeyed and will go to quarantine, the first: images/4.jpg: ' +
        'line 5 of labels.csv names it, but there is no such file',
    ]);
    const split = await look(csv, { label: 'artist', split: 'split' });
    expect(split.listing.sources.map((source) => source.split)).toEqual(['train', 'test', undefined]);
  });

  it('says which columns there are where it cannot tell', async () => {
    await expect(look('file,artist\n')).rejects.toThrow(
      /none of its columns is known for labels: "file", "artist"\. Name it with --label-column/,
    );
    await expect(look('file,label\n', { path: 'photo' })).rejects.toThrow(/no column "photo"/);
    await expect(look('file,label\n', { split: 'part' })).rejects.toThrow(/no column "part"/);
  });

  it('refuses a table that names none of the pictures', async () => {
    await expect(look('path,label\nx/9.jpg,a\n')).rejects.toThrow(/1 rows, the first: line 2 of labels.csv/);
    await expect(look('path,label\n')).rejects.toThrow(/it has no rows/);
  });
});
