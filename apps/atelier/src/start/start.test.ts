import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AtelierError } from '@atelier/core';
import { ensureTensorFlow } from './ensure-tensorflow.js';
import { examplePicture } from './example-picture.js';
import { whereToLook } from './where-to-look.js';

describe('ensureTensorFlow', () => {
  const lines: string[] = [];
  const report = (line: string) => void lines.push(line);
  beforeEach(() => void (lines.length = 0));

  it('says what was tried and what is ready', async () => {
    await ensureTensorFlow(report, ({ report }) => {
      report('trying');
      return Promise.resolve({ tensorflowVersion: '2.21.0' });
    });
    expect(lines).toEqual(['trying', 'TensorFlow 2.21.0 is ready']);
  });

  it('goes on without, with one clear warning', async () => {
    const error = new AtelierError({
      code: 'NATIVE_UNAVAILABLE',
      action: 'install native TensorFlow',
      problem: 'all three ways failed',
      hint: 'Install g++.',
    });
    await ensureTensorFlow(report, () => Promise.reject(error));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^warning: training goes on without native TensorFlow, on .*slower\. Cannot install/,
    );
    expect(lines[0]).toContain('all three ways failed. Install g++.');
  });

  it('does not swallow anything else', async () => {
    await expect(ensureTensorFlow(report, () => Promise.reject(new TypeError('a fault')))).rejects.toThrow(
      'a fault',
    );
  });
});

describe('examplePicture', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'atelier-start-'));
    await mkdir(join(root, 'splits'));
    await writeFile(join(root, 'dataset.json'), '{ "images": "../pictures" }');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const splits = (...rows: string[]) =>
    writeFile(join(root, 'splits', 'splits.csv'), ['path,class_name,split', ...rows, ''].join('\n'));

  it('is the first of the test split, where its source lies', async () => {
    await splits('a/0.jpg,a,validation', 'a/1.jpg,a,train', '"b/2, 3.jpg",b,test', 'b/4.jpg,b,test');
    expect(await examplePicture(root)).toEqual({
      sourceId: 'b/2, 3.jpg',
      split: 'test',
      path: join(root, '..', 'pictures', 'b', '2, 3.jpg'),
    });
  });

  it('is one of the validation split where no picture is for testing, and none where all are for training', async () => {
    await splits('a/0.jpg,a,train', 'a/1.jpg,a,validation');
    expect(await examplePicture(root)).toMatchObject({ sourceId: 'a/1.jpg', split: 'validation' });
    await splits('a/0.jpg,a,train');
    expect(await examplePicture(root)).toBeUndefined();
  });
});

describe('whereToLook', () => {
  it('names the folders as the person can open them, and the next commands', () => {
    const lines = whereToLook(join(process.cwd(), 'datasets', 'sample'));
    for (const name of ['resized_images', 'generated_images', 'normalized', join('models', 'latest')]) {
      expect(lines.join('\n')).toContain(` ${join('datasets', 'sample', name)} `);
    }
    expect(lines.join('\n')).toContain('npx atelier init datasets/mine --images PATH');
    expect(whereToLook("/elsewhere/it's").join('\n')).toContain(`--dataset '/elsewhere/it'\\''s'`);
  });
});
