import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAtelier } from '../testing/atelier-program.js';
import { makePictures, SMALL } from '../testing/picture-folder.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-publish-'));
  await makePictures(join(folder, 'mine', 'images'), { a: 3, b: 3 });
  await writeFile(join(folder, 'mine', 'dataset.json'), JSON.stringify(SMALL));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const atelier = (...args: string[]) => runAtelier([...args, '--dataset', 'mine'], folder);

describe('publish', () => {
  it('says which stage has to run before; then writes what is asked for, once', async () => {
    const early = await atelier('publish');
    expect(early.code).toBe(1);
    expect(early.stderr).toContain('Run "npx atelier preprocess ingest" first');
    await atelier('preprocess');
    expect((await atelier('status')).stdout).not.toContain('publish');
    const { code, stdout } = await atelier('publish', '--format', 'parquet, webdataset', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([{ stage: 'publish', kept: 0 }]);
    expect((await readdir(join(folder, 'mine', 'published'))).filter((name) => /^[a-z]/.test(name))).toEqual([
      'datasheet.json',
      'datasheet.md',
      'manifest.jsonl',
      'parquet',
      'run.json',
      'webdataset',
    ]);
    expect((await atelier('publish', '--format=parquet,webdataset')).stderr).toContain('up to date');
    expect((await atelier('status', '--set', 'publish.formats=["parquet"]')).stdout).toMatch(
      /publish.*stale/,
    );
    await rm(join(folder, 'mine', 'published', 'parquet'), { recursive: true });
    const repair = ['verify', '--repair', '--set', 'publish.formats=["parquet","webdataset"]'];
    expect((await atelier(...repair)).code).toBe(0);
    expect((await atelier('verify')).stdout).toContain('all as the manifests say');
  });

  it('names the formats where one is misspelt', async () => {
    const { code, stderr } = await atelier('publish', '--format', 'parket');
    expect(code).toBe(2);
    expect(stderr).toContain('"parket" is no format. There are: parquet, imagefolder, webdataset');
  });
});
