import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentReporter } from './reporter.js';
import { runStage } from './run-stage.js';
import { toyDataset, toyStage, writeText } from './testing/toy-stage.js';
import { traceSource } from './trace.js';
import { verifyDataset } from './verify.js';

const make = async () => {
  const dataset = toyDataset({ 'a.txt': 'aa', 'b.txt': 'b' }, { resize: { quality: 1 } });
  const run = () => runStage(toyStage(), dataset, { reporter: silentReporter });
  await run();
  return { dataset, run };
};

describe('traceSource', () => {
  it.each(['a.txt', 'images/a.txt', 'sources/a/out.txt'])('finds the picture by %s', async (query) => {
    const { dataset } = await make();
    const trace = await traceSource(dataset, query, '/');
    expect(trace.sourceId).toBe('a.txt');
    expect(trace.stages[0]?.items).toEqual([
      expect.objectContaining({
        id: 'a.txt',
        inputs: { 'images/a.txt': expect.stringMatching(/^[0-9a-f]{64}$/) as string },
        outputs: [expect.objectContaining({ path: 'sources/a/out.txt' })],
        made: { at: expect.stringMatching(/Z$/) as string, reason: 'new' },
      }),
    ]);
    expect(trace.stages.slice(1).every((stage) => stage.items.length === 0)).toBe(true);
  });

  it('tells the latest reason, and finds a path from the folder one is in', async () => {
    const { dataset, run } = await make();
    writeText(join(dataset.root, 'images/a.txt'), 'changed');
    await run();
    const trace = await traceSource(dataset, 'a.txt', join(dataset.root, 'images'));
    expect(trace.stages[0]?.items[0]?.made?.reason).toBe('input changed: images/a.txt');
  });

  it('names the nearest picture', async () => {
    const { dataset } = await make();
    await expect(traceSource(dataset, 'aa.txt', '/')).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      hint: 'Did you mean a.txt?',
    });
  });
});

describe('verifyDataset', () => {
  it('finds nothing where nothing is wrong', async () => {
    const { dataset } = await make();
    expect(await verifyDataset(dataset)).toMatchObject({ files: 2, sizeBytes: 3, damage: [], unknown: [] });
  });

  it('names what is missing, cut, edited and unknown, and a damaged manifest', async () => {
    const { dataset } = await make();
    writeFileSync(join(dataset.root, 'sources/a/out.txt'), 'xx');
    rmSync(join(dataset.root, 'sources/b/out.txt'));
    writeText(join(dataset.root, 'sources/mine.txt'), 'mine');
    const found = await verifyDataset(dataset);
    expect(found.damage).toEqual([
      { stage: 'ingest', path: 'sources/a/out.txt', problem: 'its bytes have changed' },
      { stage: 'ingest', path: 'sources/b/out.txt', problem: 'missing' },
    ]);
    expect(found.unknown).toEqual(['sources/mine.txt']);
    expect(found.notRun).toEqual(['resize', 'labels', 'split', 'augment', 'normalize']);
    truncateSync(join(dataset.root, 'sources/a/out.txt'), 1);
    expect((await verifyDataset(dataset)).damage[0]?.problem).toBe('1 bytes instead of 2');
    truncateSync(join(dataset.root, 'sources/manifest.jsonl'), 100);
    expect((await verifyDataset(dataset)).damage).toMatchObject([{ path: 'sources/manifest.jsonl' }]);
  });
});
