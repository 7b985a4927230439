import { readdirSync, readFileSync } from 'node:fs';
import { appendFile, cp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openDataset, traceSource, verifyDataset } from '@atelier/stage';
import { published, run, temporaryDataset, upstream, type Source } from './testing/dataset.js';

const root = temporaryDataset();

/** A dozen pictures of two classes; `look` says what each shows. */
const dozen = (look: (i: number) => number = (i) => i): Record<string, Source> =>
  Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [
      `${i % 2 ? 'cat' : 'dog'}/${i}`,
      {
        className: i % 2 ? 'cat' : 'dog',
        split: i < 8 ? 'train' : i < 10 ? 'validation' : 'test',
        look: look(i),
      } as const,
    ]),
  );
/** Two shards of the pictures to train on. */
const small = { maxShardBytes: 9000 };

/** Every published file with its bytes; what belongs to this machine is left out. */
function files(folder = root()): Map<string, string> {
  const entries = readdirSync(join(folder, 'published'), { withFileTypes: true, recursive: true });
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && basename(entry.name) !== 'run.json')
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path), 'latin1')]));
}
const different = (a: Map<string, string>, b: Map<string, string>) =>
  [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path)).sort();

describe('publish', () => {
  it('gives equal bytes at any concurrency, and has nothing to do a second time', async () => {
    await upstream(root(), dozen());
    const first = await run(root(), small, { concurrency: 1 });
    const before = files();
    const shards = [...before.keys()].filter((path) => path.includes('/data/train'));
    expect(shards.map((path) => path.replace('published/', '').replace('/data/', ': ')).sort()).toEqual([
      'arrow: train-00000-of-00002.arrow',
      'arrow: train-00001-of-00002.arrow',
      'npz: train-00000-of-00002.npz',
      'npz: train-00001-of-00002.npz',
      'parquet: train-00000-of-00002.parquet',
      'parquet: train-00001-of-00002.parquet',
      'tfrecord: train.tfrecord-00000-of-00002',
      'tfrecord: train.tfrecord-00001-of-00002',
      'webdataset: train-000000.tar',
      'webdataset: train-000001.tar',
    ]);
    expect(await run(root(), small)).toMatchObject({ done: 0, kept: first.done, removed: 0 });
    await rm(join(root(), 'published'), { recursive: true });
    await run(root(), small, { concurrency: 9 });
    expect(different(before, files())).toEqual([]);
  });

  it('rewrites one shard of each format, and the descriptions, where one picture changes', async () => {
    await upstream(root(), dozen());
    await run(root(), small);
    const before = files();
    await upstream(
      root(),
      dozen((i) => (i === 3 ? 77 : i)),
    );
    const summary = await run(root(), small);
    const changed = different(before, files());
    const data = changed.filter((path) => path.includes('/data/'));
    expect(data.map((path) => path.split('/')[1]).sort()).toEqual([
      'arrow',
      'npz',
      'parquet',
      'tfrecord',
      'webdataset',
    ]);
    expect(changed).toContain('published/imagefolder/train/cat/3.jpg');
    expect(summary.items.filter(({ kind }) => kind === 'input').map(({ id }) => `published/${id}`)).toEqual(
      expect.arrayContaining([...data, 'published/imagefolder/train/cat/3.jpg']),
    );
    const incremental = files();
    await rm(join(root(), 'published'), { recursive: true });
    await run(root(), small);
    expect(different(incremental, files())).toEqual([]);
  });

  it('follows additions, removals and moves between splits as a fresh run would', async () => {
    const all = dozen();
    const { 'cat/1': _gone, ...others } = all;
    await upstream(root(), others, ['cat', 'dog']);
    await run(root(), small);
    const moved = { ...all, 'dog/0': { ...(all['dog/0'] as Source), split: 'test' as const } };
    await upstream(root(), moved, ['cat', 'dog']);
    await run(root(), small);
    const incremental = files();
    expect(incremental.has('published/imagefolder/test/dog/0.jpg')).toBe(true);
    expect(incremental.has('published/imagefolder/train/dog/0.jpg')).toBe(false);
    await rm(join(root(), 'published'), { recursive: true });
    await run(root(), small);
    expect(different(incremental, files())).toEqual([]);
  });

  it('makes nothing again but descriptions where only words change, and removes formats no longer asked for', async () => {
    await upstream(root(), dozen());
    await run(root(), { formats: ['parquet', 'npz'] });
    const named = await run(root(), { formats: ['parquet', 'npz'], name: 'Cats | dogs', license: 'cc0-1.0' });
    expect(named.items.map(({ id }) => id)).toEqual([
      'parquet/README.md',
      'parquet/croissant.json',
      'npz/README.md',
      'npz/croissant.json',
      'datasheet.json',
      'datasheet.md',
    ]);
    await run(root(), { formats: ['parquet'] });
    expect([...files().keys()].filter((path) => path.includes('npz'))).toEqual([]);
    expect(await published(root())).toMatchObject({ header: { pictures: 12, classes: ['cat', 'dog'] } });
  });

  it('is followed by trace and told from damage by verify; a run mends it', async () => {
    await upstream(root(), dozen());
    await run(root(), { formats: ['webdataset'] });
    const before = files();
    const dataset = await openDataset(root());
    const { stages } = await traceSource(dataset, 'cat/3', root());
    expect(stages.at(-1)).toMatchObject({
      stage: 'publish',
      items: [{ id: 'webdataset/data/train-000000.tar' }],
    });
    expect((await verifyDataset(dataset)).damage.filter(({ stage }) => stage === 'publish')).toEqual([]);
    await appendFile(join(root(), 'published/webdataset/data/train-000000.tar'), 'x');
    expect((await verifyDataset(dataset)).damage).toContainEqual(
      expect.objectContaining({ stage: 'publish', path: 'published/webdataset/data/train-000000.tar' }),
    );
    expect(await run(root(), { formats: ['webdataset'] })).toMatchObject({ done: 1 });
    expect(different(before, files())).toEqual([]);
  });

  it('goes on where it was stopped', async () => {
    await upstream(root(), dozen());
    const copy = `${root()}-whole`;
    await cp(root(), copy, { recursive: true });
    const stop = new AbortController();
    let done = 0;
    const reporter = {
      line: () => undefined,
      warn: () => undefined,
      progress: async () => ({ advance: () => ++done === 5 && stop.abort(), stop: () => undefined }),
    };
    await expect(
      run(root(), small, { reporter: reporter as never, signal: stop.signal, concurrency: 1 }),
    ).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await run(root(), small)).toMatchObject({ resumed: 5 });
    await run(copy, small);
    expect(different(files(), files(copy))).toEqual([]);
    await rm(copy, { recursive: true });
  });

  it('refuses stages that do not fit together', async () => {
    await upstream(root(), dozen(), ['dog']);
    await expect(run(root())).rejects.toMatchObject({
      code: 'INPUT_CHANGED',
      problem: expect.stringContaining('"cat"') as string,
    });
  });
});
