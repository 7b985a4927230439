import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { datasetJsonSchema } from '@atelier/core';
import { openDataset } from '@atelier/stage';
import { makePictures, snapshot } from '../testing/picture-folder.js';
import { createDataset, reference } from './create-dataset.js';
import { findPictures } from './find-pictures.js';

describe('createDataset', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atelier-init-'));
    await makePictures(join(folder, 'pictures'), { 'Élan vital': 2, b: 1 });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const create = async (
    root: string,
    { images = 'pictures', copy = false, table }: { images?: string; copy?: boolean; table?: string } = {},
  ) => {
    const path = table === undefined ? undefined : join(folder, table);
    const target = { root: join(folder, root), images: join(folder, images), copy, table: path };
    const where = { images: target.images, ...(path !== undefined && { table: { path, columns: {} } }) };
    await createDataset(target, await findPictures(where));
  };
  const read = async (path: string) => JSON.parse(await readFile(join(folder, path), 'utf8')) as unknown;

  it('refers to the pictures from where the dataset lies', async () => {
    await create('data/sets/mine');
    expect(await read('data/sets/mine/dataset.json')).toEqual({
      $schema: './dataset.schema.json',
      images: '../../../pictures',
    });
    expect(await read('data/sets/mine/dataset.schema.json')).toEqual(datasetJsonSchema());
    const { config } = await openDataset(join(folder, 'data/sets/mine'));
    expect(config.images).toBe('../../../pictures');
  });

  it('refers to pictures inside the dataset', async () => {
    await makePictures(join(folder, 'mine', 'photos'), { a: 1 });
    await create('mine', { images: 'mine/photos' });
    expect(await read('mine/dataset.json')).toMatchObject({ images: 'photos' });
  });

  it('copies the pictures on request, byte for byte, and leaves nothing unfinished', async () => {
    await mkdir(join(folder, 'pictures', 'empty'));
    await writeFile(join(folder, 'pictures', 'b', 'notes.txt'), 'not copied');
    await create('mine', { copy: true });
    expect(await read('mine/dataset.json')).toMatchObject({ images: 'images' });
    expect((await readdir(join(folder, 'mine'))).sort()).toEqual([
      'dataset.json',
      'dataset.schema.json',
      'images',
    ]);
    expect((await readdir(join(folder, 'mine/images'))).sort()).toEqual(['b', 'empty', 'Élan vital']);
    expect(await readdir(join(folder, 'mine/images/b'))).toEqual(['0.jpg']);
    for (const name of ['b/0.jpg', 'Élan vital/0.jpg', 'Élan vital/1.jpg']) {
      const copied = await readFile(join(folder, 'mine/images', name));
      expect(copied.equals(await readFile(join(folder, 'pictures', name)))).toBe(true);
    }
  });

  it('writes the layout where the folders are splits', async () => {
    await makePictures(join(folder, 'parts', 'train'), { a: 1 });
    await makePictures(join(folder, 'parts', 'test'), { a: 1 });
    await create('mine', { images: 'parts' });
    expect(await read('mine/dataset.json')).toMatchObject({ images: '../parts', layout: 'split/class' });
  });

  it('refers to the table of labels, with the columns that are not the default', async () => {
    await writeFile(join(folder, 'table.csv'), 'file,label\nb/0.jpg,x\n');
    await create('mine', { table: 'table.csv' });
    expect(await read('mine/dataset.json')).toEqual({
      $schema: './dataset.schema.json',
      images: '../pictures',
      labels: { csv: '../table.csv', path: 'file' },
    });
  });

  it('copies the table and the pictures that it names', async () => {
    await writeFile(join(folder, 'table.tsv'), 'path\tlabel\nb/0.jpg\tx\n');
    await create('mine', { table: 'table.tsv', copy: true });
    expect(await read('mine/dataset.json')).toMatchObject({
      images: 'images',
      labels: { csv: 'labels.tsv' },
    });
    expect(await readFile(join(folder, 'mine/labels.tsv'))).toEqual(
      await readFile(join(folder, 'table.tsv')),
    );
    expect(await readdir(join(folder, 'mine/images'), { recursive: true })).toEqual(['b', 'b/0.jpg']);
    await expect(create('mine', { table: 'table.tsv', copy: true })).rejects.toThrow(
      'it has dataset.json already',
    );
  });

  it.each(['dataset.json', 'dataset.schema.json'])('never overwrites %s', async (name) => {
    await mkdir(join(folder, 'mine'));
    await writeFile(join(folder, 'mine', name), 'mine');
    await expect(create('mine')).rejects.toMatchObject({ code: 'USAGE', problem: `it has ${name} already` });
    expect(await readdir(join(folder, 'mine'))).toEqual([name]);
    expect(await readFile(join(folder, 'mine', name), 'utf8')).toBe('mine');
  });

  it('never copies over images/', async () => {
    await makePictures(join(folder, 'mine', 'images'), { a: 1 });
    const before = await snapshot(folder);
    await expect(create('mine', { copy: true })).rejects.toThrow('it has images already');
    expect(await snapshot(folder)).toEqual(before);
  });

  it.each(['pictures', 'pictures/mine', 'link/mine'])(
    'keeps the dataset %s out of its pictures',
    async (root) => {
      await symlink(join(folder, 'pictures'), join(folder, 'link'));
      const before = await snapshot(folder);
      await expect(create(root)).rejects.toThrow('it lies in the folder of pictures');
      expect(await snapshot(folder)).toEqual(before);
    },
  );

  it('keeps the pictures out of the folders that it writes', async () => {
    await makePictures(join(folder, 'mine', 'resized_images'), { a: 1 });
    await expect(create('mine', { images: 'mine/resized_images' })).rejects.toThrow(
      'the pictures lie in its folder resized_images',
    );
  });

  it('says what keeps it from writing, and leaves no half copy', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(create('file/mine')).rejects.toMatchObject({ code: 'WRITE_FAILED' });
    await expect(create('file/mine', { copy: true })).rejects.toMatchObject({ code: 'WRITE_FAILED' });
  });
});

describe('reference', () => {
  it.each([
    ['/a/data', '/a/data/images', 'images'],
    ['/a/data', '/a/pictures', '../pictures'],
    ['/a', '/', '..'],
  ])('from %s to %s is %s', (root, images, expected) => {
    expect(reference(root, images)).toBe(expected);
  });
});
