import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { decide, stageFolder } from './commit.js';
import { silentReporter } from './reporter.js';
import type { RunOptions } from './run.js';
import { runStage } from './run-stage.js';
import { summaryLines } from './summary.js';
import { readManifest, type Manifest } from '@atelier/artifacts';
import { toyDataset, toyStage, treeOf, writeText } from './testing/toy-stage.js';
import { traceSource } from './trace.js';
import { verifyDataset } from './verify.js';

type Toy = ReturnType<typeof toyDataset>;
const run = (dataset: Toy, options: Partial<RunOptions> = {}) =>
  runStage(toyStage(), dataset, { reporter: silentReporter, ...options });
const later = { ...toyStage(), name: 'resize', inputs: ['ingest'] } as ReturnType<typeof toyStage>;

/** A run that was killed with one of its two new outputs in place and the other still staged. */
async function cutOff(): Promise<{ dataset: Toy; whole: Record<string, string> }> {
  const dataset = toyDataset({ 'a.txt': 'aa', 'b.txt': 'b' }, { resize: { quality: 1 } });
  await run(dataset);
  writeText(join(dataset.root, 'images/a.txt'), 'new');
  writeText(join(dataset.root, 'images/c.txt'), 'c');
  await run(dataset);
  const whole = treeOf(join(dataset.root, 'sources'));
  const folder = stageFolder(dataset.root, 'ingest');
  const next = (await readManifest(folder.manifest)) as Manifest;
  await decide(folder, { previous: undefined, next });
  renameSync(folder.manifest, folder.previous);
  writeText(join(folder.staged, 'sources/c/out.txt'), '');
  renameSync(join(dataset.root, 'sources/c/out.txt'), join(folder.staged, 'sources/c/out.txt'));
  return { dataset, whole };
}

describe('a commit that was cut off', () => {
  it('is carried through by the next run, which says so', async () => {
    const { dataset, whole } = await cutOff();
    const summary = await run(dataset);
    expect(summary).toMatchObject({ completed: true, done: 0, kept: 3, removed: 0 });
    expect(summaryLines(summary, { explain: false })[0]).toMatch(
      /^ingest +completed the commit that was cut off, made 0 texts, kept 3/,
    );
    expect(treeOf(join(dataset.root, 'sources'))).toEqual(whole);
    expect(await run(dataset)).toMatchObject({ completed: false, done: 0, kept: 3 });
  });

  it('is told by a dry run, which knows what waits to be moved, and changes nothing', async () => {
    const { dataset } = await cutOff();
    const before = treeOf(dataset.root);
    writeText(join(dataset.root, 'images/b.txt'), 'B');
    const summary = await run(dataset, { dryRun: true });
    expect(summary).toMatchObject({
      completed: true,
      done: 1,
      kept: 2,
      removed: 0,
      items: [{ id: 'b.txt' }],
    });
    expect(summaryLines(summary, { explain: false })[0]).toMatch(/^ingest +would complete the commit/);
    expect(treeOf(dataset.root)).toEqual({ ...before, 'images/b.txt': 'B' });
    expect(existsSync(stageFolder(dataset.root, 'ingest').next)).toBe(true);
  });

  it('is told by trace, which follows the decided state', async () => {
    const { dataset } = await cutOff();
    const { stages } = await traceSource(dataset, 'c.txt', '/');
    expect(stages[0]).toMatchObject({ cutOff: true, items: [{ id: 'c.txt', made: { reason: 'new' } }] });
    expect(stages[1]).toMatchObject({ cutOff: false, items: [] });
  });

  it('is told by verify', async () => {
    const { dataset } = await cutOff();
    const { damage, notRun } = await verifyDataset(dataset);
    expect(damage).toEqual([
      {
        stage: 'ingest',
        path: 'sources/manifest.jsonl',
        problem: expect.stringContaining('cut off while committing: the next run') as string,
      },
    ]);
    expect(notRun).not.toContain('ingest');
  });

  it('holds up the stages after it, which say what to run', async () => {
    const { dataset } = await cutOff();
    await expect(runStage(later, dataset, { reporter: silentReporter })).rejects.toMatchObject({
      code: 'INPUT_MISSING',
      problem: 'its last run was cut off while committing',
      hint: expect.stringContaining('npx atelier preprocess ingest') as string,
    });
    const dry = await runStage(later, dataset, { reporter: silentReporter, dryRun: true });
    expect(dry).toMatchObject({ waitsFor: 'ingest', done: 0 });
    expect(summaryLines(dry, { explain: false })).toEqual([
      'resize    waits for ingest: what it would do is told once that has run',
    ]);
  });
});
