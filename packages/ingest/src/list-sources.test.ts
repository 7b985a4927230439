import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDatasetConfig } from '@atelier/core';
import { listSources } from './list-sources.js';
import { plant, temporaryFolder } from './testing/folder.js';

const folder = temporaryFolder();
const files = (...paths: string[]) => Object.fromEntries(paths.map((path) => [path, 'x']));
const list = async (config: object = {}) => {
  const listing = await listSources(folder(), parseDatasetConfig({ images: '.', ...config }, 'dataset.json'));
  return { ...listing, sourceIds: listing.sources.map(({ id }) => id) };
};
const listed = async (...paths: string[]) => {
  await plant(folder(), files(...paths));
  return list();
};

describe('what belongs to the dataset', () => {
  it('each folder is a class, and whatever lies below belongs to it', async () => {
    const { classFolders, sourceIds, skipped } = await listed('cat/a.png', 'cat/deep/er/b.jpg', 'dog/c.webp');
    expect(classFolders).toEqual(['cat', 'dog']);
    expect(sourceIds).toEqual(['cat/a.png', 'cat/deep/er/b.jpg', 'dog/c.webp']);
    expect(skipped).toEqual([]);
  });

  it('an empty folder is a class too', async () => {
    expect(await listed('empty/', 'full/a.png')).toMatchObject({
      classFolders: ['empty', 'full'],
      sourceIds: ['full/a.png'],
    });
  });

  it('by code point, however the file system lists them and whatever the locale', async () => {
    const names = ['1', '2', '10', 'Zebra', 'ant', 'Émile', '_x', '\u{1F600}', '\uFF21'];
    const { classFolders } = await listed(...names.map((name) => `${name}/a.png`));
    expect(classFolders).toEqual(['1', '10', '2', 'Zebra', '_x', 'ant', 'Émile', '\uFF21', '\u{1F600}']);
  });

  it('by code point of the whole path, not folder by folder', async () => {
    const { sourceIds } = await listed('a/z.png', 'a.b/c.png', 'a b/d.png', 'a/b.png', 'a/b/c.png');
    expect(sourceIds).toEqual(['a b/d.png', 'a.b/c.png', 'a/b.png', 'a/b/c.png', 'a/z.png']);
  });

  it('upper-case and mixed extensions, every common format, and files without an extension', async () => {
    const names = ['a.JPG', 'b.Jpeg', 'c.PNG', 'd.TIF', 'e.WebP', 'f', 'g.', 'h.heic', 'i.bmp', 'j.jfif'];
    const { sourceIds, skipped } = await listed(...names.map((name) => `cat/${name}`));
    expect(sourceIds).toEqual(names.map((name) => `cat/${name}`));
    expect(skipped).toEqual([]);
  });

  it('names as they are: no glob, no shell, no URL, no normal form', async () => {
    const odd = [
      '[1].png',
      '[a-z].png',
      '{a,b}.png',
      '(b).png',
      'f?.png',
      'star*.png',
      '!not.png',
      '-rf.png',
      '--help.png',
      '%41.png',
      '$HOME.png',
      '`id`.png',
      'a;b.png',
      'a&b.png',
      "it's.png",
      'say "hi".png',
      'back\\slash.png',
      'new\nline.png',
      'tab\there.png',
      ' leading.png',
      'trailing .png',
      'two  spaces.png',
      'dots...png',
      '#hash.png',
      'caf\u00e9.png',
      'cafe\u0301.png',
      '\u{1F600}\u{1F3FD}.png',
      '\u202egnp.png',
      'percent%.png',
      `${'x'.repeat(251)}.png`,
    ];
    const folders = ['[a]', '(b)', '{c,d}', '-x'];
    const paths = odd.map((name, i) => `${folders[i % 4]}/${name}`);
    const { classFolders, sourceIds, skipped } = await listed(...paths);
    expect(classFolders).toEqual(['(b)', '-x', '[a]', '{c,d}']);
    expect(new Set(sourceIds)).toEqual(new Set(paths));
    expect(sourceIds).toHaveLength(30);
    expect(skipped).toEqual([]);
  });

  it('folders of one name in two normal forms stay two folders with ids of their own', async () => {
    const { classFolders, sources } = await listed('Du\u0308rer/a.png', 'D\u00fcrer/a.png');
    expect(classFolders).toEqual(['Du\u0308rer', 'D\u00fcrer']);
    expect(sources).toEqual([
      { id: 'Du\u0308rer/a.png', className: 'D\u00fcrer' },
      { id: 'D\u00fcrer/a.png', className: 'D\u00fcrer' },
    ]);
  });
});

describe('what is left out, each with its reason', () => {
  it('what systems and notebooks leave behind is neither picture nor class', async () => {
    const { classFolders, sourceIds, skipped } = await listed(
      'cat/1.png',
      'cat/2.png',
      'dog/1.png',
      'dog/2.png',
      '.DS_Store',
      'cat/.DS_Store',
      'cat/._1.png',
      'cat/Thumbs.db',
      'cat/desktop.ini',
      '.ipynb_checkpoints/x-checkpoint.png',
      'cat/.ipynb_checkpoints/1-checkpoint.png',
      '__MACOSX/cat/._1.png',
      '@eaDir/1.png',
      'labels.csv',
    );
    expect(classFolders).toEqual(['cat', 'dog']);
    expect(sourceIds).toEqual(['cat/1.png', 'cat/2.png', 'dog/1.png', 'dog/2.png']);
    expect(Object.fromEntries(skipped.map(({ path, reason }) => [path, reason]))).toEqual({
      '.DS_Store': 'hidden',
      'cat/.DS_Store': 'hidden',
      'cat/._1.png': 'hidden',
      'cat/Thumbs.db': 'left behind by the system',
      'cat/desktop.ini': 'left behind by the system',
      '.ipynb_checkpoints': 'hidden',
      'cat/.ipynb_checkpoints': 'hidden',
      __MACOSX: 'left behind by the system',
      '@eaDir': 'left behind by the system',
      'labels.csv': 'not in a class folder',
    });
  });

  it('a picture outside the class folders, and a file whose extension is no picture’s', async () => {
    const { sourceIds, skipped } = await listed('loose.png', 'cat/a.png', 'cat/notes.TXT', 'cat/deep/a.json');
    expect(sourceIds).toEqual(['cat/a.png']);
    expect(skipped).toEqual([
      { path: 'cat/deep/a.json', reason: 'not a picture by its extension .json' },
      { path: 'cat/notes.TXT', reason: 'not a picture by its extension .txt' },
      { path: 'loose.png', reason: 'not in a class folder' },
    ]);
  });

  it('symbolic links: to a file, to a folder, in a circle, to nothing', async () => {
    await plant(folder(), files('cat/a.png'));
    await symlink(join(folder(), 'cat/a.png'), join(folder(), 'cat/link.png'));
    await symlink(join(folder(), 'cat'), join(folder(), 'dog'));
    await symlink('..', join(folder(), 'cat/up'));
    await symlink('nowhere', join(folder(), 'cat/gone.png'));
    const { classFolders, sourceIds, skipped } = await list();
    expect(classFolders).toEqual(['cat']);
    expect(sourceIds).toEqual(['cat/a.png']);
    expect(skipped.map(({ path }) => path)).toEqual(['cat/gone.png', 'cat/link.png', 'cat/up', 'dog']);
    for (const { reason } of skipped) expect(reason).toMatch(/symbolic link/);
  });

  it('names that are not valid UTF-8', async () => {
    await plant(folder(), files('cat/a.png'));
    const latin1 = Buffer.concat([Buffer.from(`${folder()}/cat/caf`), Buffer.of(0xe9), Buffer.from('.png')]);
    const refused = await writeFile(latin1, 'x').then(
      () => false,
      () => true, // macOS has no such names
    );
    await mkdir(Buffer.concat([Buffer.from(`${folder()}/d`), Buffer.of(0xfc)])).catch(() => undefined);
    const { classFolders, sourceIds, skipped } = await list();
    expect(classFolders).toEqual(['cat']);
    expect(sourceIds).toEqual(['cat/a.png']);
    expect(skipped.map(({ reason }) => reason)).toEqual(
      refused ? [] : Array<string>(2).fill('its name is not valid UTF-8: rename it'),
    );
  });
});

describe('the layout split/class', () => {
  const layout = 'split/class';

  it('takes split and class from the first two folders, whatever the split is called', async () => {
    await plant(
      folder(),
      files(
        'train/a/1.png',
        'train/b/',
        'Training/a/2.png',
        'valid/c/deep/1.png',
        'VAL/a/1.png',
        'test/a/1.png',
      ),
    );
    const { sources, classNames, classFolders, skipped, notes } = await list({ layout });
    expect(sources).toEqual([
      { id: 'Training/a/2.png', className: 'a', split: 'train' },
      { id: 'VAL/a/1.png', className: 'a', split: 'validation' },
      { id: 'test/a/1.png', className: 'a', split: 'test' },
      { id: 'train/a/1.png', className: 'a', split: 'train' },
      { id: 'valid/c/deep/1.png', className: 'c', split: 'validation' },
    ]);
    expect(classNames).toEqual(['a', 'b', 'c']);
    expect(classFolders).toContain('train/b');
    expect({ skipped, notes }).toEqual({ skipped: [], notes: [] });
  });

  it('leaves out folders that are no splits, and pictures outside of the classes, each with its reason', async () => {
    await plant(
      folder(),
      files('train/a/1.png', 'train/x.png', 'val_unknown/d/1.png', 'loose.png', 'test/a/n.txt'),
    );
    const { sourceIds, classNames, skipped } = await list({ layout });
    expect(sourceIds).toEqual(['train/a/1.png']);
    expect(classNames).toEqual(['a']);
    expect(skipped).toEqual([
      { path: 'loose.png', reason: 'not in a class folder' },
      { path: 'test/a/n.txt', reason: 'not a picture by its extension .txt' },
      { path: 'train/x.png', reason: 'not in a class folder' },
      { path: 'val_unknown', reason: 'not named after a split (train, validation, test)' },
    ]);
  });

  it('knows one class in two normal forms', async () => {
    await plant(folder(), files('train/Du\u0308rer/a.png', 'test/D\u00fcrer/a.png'));
    const { sources, classNames } = await list({ layout });
    expect(classNames).toEqual(['Du\u0308rer', 'D\u00fcrer']);
    expect(new Set(sources.map(({ className }) => className))).toEqual(new Set(['D\u00fcrer']));
  });

  it('is hinted at where splits are taken for classes, never guessed', async () => {
    const { sources, notes } = await listed('train/a/1.png', 'val/a/1.png');
    expect(sources.map(({ className }) => className)).toEqual(['train', 'val']);
    expect(notes).toEqual([expect.stringContaining('set "layout": "split/class" in dataset.json')]);
    await plant(folder(), files('more/1.png'));
    expect((await list()).notes).toEqual([]);
  });
});

describe('what fails', () => {
  it('says that there is no folder of pictures, and how to have one', async () => {
    const missing = join(folder(), 'images');
    const listing = () => list({ images: 'images' });
    await expect(listing()).rejects.toMatchObject({ code: 'INPUT_MISSING', path: missing });
    await expect(listing()).rejects.toThrow(/no such folder\. .*one sub-folder per class/);
  });

  it('says that it is a file', async () => {
    await plant(folder(), files('images'));
    await expect(list({ images: 'images' })).rejects.toMatchObject({ code: 'READ_FAILED' });
  });
});
