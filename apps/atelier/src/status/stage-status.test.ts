import { mkdtemp, readdir, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { datasetStatus, loadStages, quarantinedFiles, stageState } from '@atelier/pipeline';
import { openDataset, runStage, silentReporter } from '@atelier/stage';
import { makePictures, picture, SMALL, snapshot } from '../testing/picture-folder.js';

describe('stageState', () => {
  const idle = { done: 0, resumed: 0, removed: 0, completed: false, waitsFor: null };
  const upstream = ['resize'] as const;
  it.each([
    ['fresh', { hasRun: true, waitsFor: [], summary: idle }],
    ['stale', { hasRun: true, waitsFor: [], summary: { ...idle, done: 1 } }],
    ['stale', { hasRun: true, waitsFor: [], summary: { ...idle, removed: 1 } }],
    ['stale', { hasRun: true, waitsFor: [], summary: { ...idle, resumed: 1 } }],
    ['stale', { hasRun: true, waitsFor: [], summary: { ...idle, completed: true } }],
    ['stale', { hasRun: true, waitsFor: upstream, summary: { ...idle, done: 1 } }],
    ['waits', { hasRun: true, waitsFor: upstream, summary: { ...idle, waitsFor: 'resize' } }],
    ['waits', { hasRun: true, waitsFor: upstream, summary: idle }],
    ['waits', { hasRun: true, waitsFor: upstream, summary: null }],
    ['never run', { hasRun: false, waitsFor: [], summary: { ...idle, done: 1 } }],
    ['never run', { hasRun: false, waitsFor: upstream, summary: null }],
    ['unknown', { hasRun: true, waitsFor: [], summary: null }],
  ] as const)('is %s for %j', (state, seen) => {
    expect(stageState(seen)).toBe(state);
  });
});

describe('datasetStatus', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'atelier-status-'));
    await makePictures(join(root, 'images'), { a: 3, b: 3 });
    await writeFile(join(root, 'dataset.json'), JSON.stringify(SMALL));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const look = async (...overrides: string[]) => {
    const found = await datasetStatus(await openDataset(root, overrides), await loadStages());
    return { found, states: found.map(({ state }) => state) };
  };
  const preprocess = async (...names: string[]) => {
    for (const stage of await loadStages(names)) {
      await runStage(stage, await openDataset(root), { reporter: silentReporter });
    }
  };

  it('follows a dataset from nothing to fresh', async () => {
    const before = await look();
    expect(before.states).toEqual(Array(6).fill('never run'));
    expect(before.found[0]).toMatchObject({ stage: 'ingest', folder: 'sources', items: null, waitsFor: [] });
    expect(before.found[0]?.next).toMatchObject({ done: 6, kept: 0 });
    expect(before.found[5]).toMatchObject({ waitsFor: ['resize', 'labels', 'augment'], problem: null });
    await preprocess('ingest', 'resize');
    expect((await look()).states).toEqual(['fresh', 'fresh', ...Array(4).fill('never run')]);
    await preprocess();
    const { found, states } = await look();
    expect(states).toEqual(Array(6).fill('fresh'));
    expect(found[1]).toMatchObject({ items: 6, quarantined: 0, waitsFor: [], warnings: [] });
  });

  it('says what a changed setting, a new picture and a lost file make stale, and who waits for them', async () => {
    await preprocess();
    const turned = await look('augment.rotation.maxDegrees=10');
    expect(turned.states).toEqual(['fresh', 'fresh', 'fresh', 'fresh', 'stale', 'waits']);
    expect(turned.found[4]?.next?.reasons).toEqual([
      expect.objectContaining({ reason: 'augment.rotation.maxDegrees changed from 25 to 10' }),
    ]);
    expect(turned.found[5]?.waitsFor).toEqual(['augment']);

    await writeFile(join(root, 'images', 'a', 'new.jpg'), await picture(1000));
    const [name] = await readdir(join(root, 'resized_images', 'a'));
    await unlink(join(root, 'resized_images', 'a', name as string));
    const { found, states } = await look();
    expect(states).toEqual(['stale', 'stale', 'waits', 'waits', 'waits', 'waits']);
    expect(found[0]?.next?.reasons).toEqual([{ reason: 'new', count: 1, examples: ['a/new.jpg'] }]);
    expect(found[1]?.next?.reasons).toEqual([
      expect.objectContaining({ reason: 'output missing', count: 1 }),
    ]);
    expect(found[1]?.waitsFor).toEqual(['ingest']);
  });

  it('changes nothing', async () => {
    await preprocess('ingest', 'resize');
    await writeFile(join(root, 'images', 'a', 'new.jpg'), await picture(1000));
    const before = await snapshot(root, { folders: true });
    await look();
    await look('resize.width=8');
    await quarantinedFiles(root);
    expect(await snapshot(root, { folders: true })).toEqual(before);
  });

  it('says why it cannot tell', async () => {
    await rm(join(root, 'images'), { recursive: true });
    const { found, states } = await look();
    expect(states).toEqual(['unknown', ...Array(5).fill('never run')]);
    expect(found[0]?.problem).toMatch(/images.*there is no such folder/);
  });

  it('takes a damaged manifest for stale, and says so', async () => {
    await preprocess();
    await writeFile(join(root, 'labels', 'manifest.jsonl'), '{');
    const { found, states } = await look();
    expect(states.slice(0, 3)).toEqual(['fresh', 'fresh', 'stale']);
    expect(found[2]).toMatchObject({ items: null, quarantined: null });
    expect(found[2]?.warnings.join()).toMatch(/manifest.*made again/);
    expect(found[5]).toMatchObject({ state: 'waits', next: null, problem: null, waitsFor: ['labels'] });
  });

  it('lists what is in quarantine', async () => {
    await writeFile(join(root, 'images', 'b', 'broken.jpg'), 'no picture');
    await preprocess();
    const { found } = await look();
    expect(found.map(({ quarantined }) => quarantined)).toEqual([1, 0, 0, 0, 0, 0]);
    expect(await quarantinedFiles(root)).toEqual([
      {
        stage: 'ingest',
        path: 'images/b/broken.jpg',
        reason: expect.stringContaining('not a picture'),
        remedy: expect.stringContaining('Replace it'),
        committed: true,
      },
    ]);
  });

  it('lists what a run found that failed by the budget', async () => {
    await preprocess();
    for (const i of [1, 2]) await writeFile(join(root, 'images', 'b', `broken ${i}.jpg`), 'no picture');
    const none = 'limits.quarantineBudget={"count":0,"share":0}';
    const stages = await loadStages(['ingest']);
    await expect(
      runStage(stages[0] as never, await openDataset(root, [none]), { reporter: silentReporter }),
    ).rejects.toThrow(/2 of 8 pictures cannot be used.*2 times: .*broken 1\.jpg.*status --quarantine/);
    const listed = (await quarantinedFiles(root)).map(({ path, committed }) => ({ path, committed }));
    expect(listed).toEqual([
      { path: 'images/b/broken 1.jpg', committed: false },
      { path: 'images/b/broken 2.jpg', committed: false },
    ]);
    await rm(join(root, 'images/b/broken 1.jpg'));
    await rm(join(root, 'images/b/broken 2.jpg'));
    await preprocess();
    expect(await quarantinedFiles(root)).toEqual([]);
  });
});
