import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { AtelierError } from '@atelier/core';
import { stageFolder } from './commit.js';
import { openDataset } from './dataset.js';
import { readHistory } from './history.js';
import { acquireLock } from './lock.js';
import { processScope } from './process-identity.js';
import { silentReporter } from './reporter.js';
import type { RunOptions } from './run.js';
import { runStage } from './run-stage.js';
import { openStatRecord } from './stat-record.js';
import { toyDataset, toyStage, treeOf, writeText, type ToyHooks } from './testing/toy-stage.js';

type Toy = ReturnType<typeof toyDataset>;

const run = (dataset: Toy, hooks: ToyHooks = {}, options: Partial<RunOptions> = {}) =>
  runStage(toyStage(hooks), dataset, { reporter: silentReporter, ...options });
const withQuality = (dataset: Toy, quality: number): Toy => ({
  ...dataset,
  config: { ...dataset.config, resize: { ...dataset.config.resize, quality } },
});
const outputs = (dataset: Toy) => treeOf(join(dataset.root, 'sources'));
const abc = { 'a.txt': 'aa', 'b.txt': 'b', 'c.txt': 'ccc' };

describe('runStage', () => {
  it('makes everything once, and then nothing', async () => {
    const dataset = toyDataset(abc, { resize: { quality: 2 } });
    const first = await run(dataset);
    expect(first).toMatchObject({ done: 3, kept: 0, reasons: [{ reason: 'new', count: 3 }] });
    expect(readFileSync(join(dataset.root, 'sources/a/out.txt'), 'utf8')).toBe('aaaa');
    const before = outputs(dataset);
    const stamp = statSync(join(dataset.root, 'sources/manifest.jsonl')).mtimeMs;
    const made: string[] = [];
    const second = await run(dataset, { before: (item) => void made.push(item.id) });
    expect(second).toMatchObject({ done: 0, kept: 3, removed: 0 });
    expect(made).toEqual([]);
    expect(outputs(dataset)).toEqual(before);
    expect(statSync(join(dataset.root, 'sources/manifest.jsonl')).mtimeMs).toBe(stamp);
  });

  const writeSource = (d: Toy, name: string, text: string) => writeText(join(d.root, 'images', name), text);
  const edits: readonly { what: string; edit: (d: Toy) => void; id: string; reason: string }[] = [
    {
      what: 'a source changed',
      edit: (d) => writeSource(d, 'b.txt', 'B'),
      id: 'b.txt',
      reason: 'input changed: images/b.txt',
    },
    { what: 'a source added', edit: (d) => writeSource(d, 'd.txt', 'd'), id: 'd.txt', reason: 'new' },
    {
      what: 'a source renamed',
      edit: (d) => renameSync(join(d.root, 'images/b.txt'), join(d.root, 'images/x.txt')),
      id: 'x.txt',
      reason: 'new',
    },
    {
      what: 'an output deleted',
      edit: (d) => rmSync(join(d.root, 'sources/a/out.txt')),
      id: 'a.txt',
      reason: 'output missing',
    },
    {
      what: 'an output cut',
      edit: (d) => writeFileSync(join(d.root, 'sources/a/out.txt'), 'a'),
      id: 'a.txt',
      reason: 'output altered',
    },
    {
      what: 'an output edited',
      edit: (d) => writeFileSync(join(d.root, 'sources/a/out.txt'), 'xx'),
      id: 'a.txt',
      reason: 'output altered',
    },
  ];

  it.each(edits)('redoes just what is concerned: $what', async ({ edit, id, reason }) => {
    const dataset = toyDataset(abc, { resize: { quality: 1 } });
    await run(dataset);
    edit(dataset);
    const again = await run(dataset);
    expect(again.items).toEqual([expect.objectContaining({ id, reason })]);
    const fresh = toyDataset({}, { resize: { quality: 1 } });
    for (const name of readdirSync(join(dataset.root, 'images'))) {
      writeSource(fresh, name, readFileSync(join(dataset.root, 'images', name), 'utf8'));
    }
    await run(fresh);
    expect(outputs(dataset)).toEqual(outputs(fresh));
  });

  it('redoes everything, and says why, when a setting or the version changes', async () => {
    const dataset = toyDataset(abc, { resize: { quality: 1 } });
    await run(dataset);
    expect((await run(withQuality(dataset, 2))).reasons).toEqual([
      { reason: 'resize.quality changed from 1 to 2', count: 3, examples: ['a.txt', 'b.txt', 'c.txt'] },
    ]);
    expect((await run(withQuality(dataset, 2), { version: 2 })).reasons[0]?.reason).toBe(
      'stage version changed from 1 to 2',
    );
  });

  it('takes a touched but unchanged source as unchanged', async () => {
    const dataset = toyDataset(abc);
    await run(dataset);
    utimesSync(join(dataset.root, 'images/a.txt'), 1, 1);
    utimesSync(join(dataset.root, 'sources/a/out.txt'), 1, 1);
    expect(await run(dataset)).toMatchObject({ done: 0, kept: 3 });
  });

  it('sees bytes replaced behind an unchanged size and mtime only with --verify', async () => {
    const dataset = toyDataset(abc);
    await run(dataset);
    const path = join(dataset.root, 'images/c.txt');
    const { atime, mtime } = statSync(path);
    writeFileSync(path, 'xyz');
    utimesSync(path, atime, mtime);
    const verified = await run(dataset, {}, { verify: true });
    expect(verified.items.map((item) => item.id)).toEqual(['c.txt']);
  });

  it('removes what is no longer wanted, and the folder it leaves empty', async () => {
    const dataset = toyDataset(abc);
    await run(dataset);
    rmSync(join(dataset.root, 'images/c.txt'));
    expect(await run(dataset)).toMatchObject({ done: 0, kept: 2, removed: 1, removedItems: ['c.txt'] });
    expect(existsSync(join(dataset.root, 'sources/c'))).toBe(false);
  });

  it('says what it would do and does nothing in a dry run', async () => {
    const dataset = toyDataset(abc);
    const dry = await run(dataset, {}, { dryRun: true });
    expect(dry).toMatchObject({ done: 3, dryRun: true });
    expect(existsSync(join(dataset.root, 'sources'))).toBe(false);
  });

  it('starts anew, with a warning, where the manifest is damaged', async () => {
    const dataset = toyDataset(abc);
    await run(dataset);
    const before = outputs(dataset);
    writeFileSync(join(dataset.root, 'sources/manifest.jsonl'), 'cut');
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (text: string) => void warnings.push(text) };
    expect(await run(dataset, {}, { reporter })).toMatchObject({ done: 3 });
    expect(warnings.join()).toContain('manifest.jsonl');
    expect(outputs(dataset)).toEqual(before);
  });

  it('removes what a lost manifest can no longer name', async () => {
    const dataset = toyDataset(abc);
    await run(dataset);
    rmSync(join(dataset.root, 'sources/manifest.jsonl'));
    rmSync(join(dataset.root, 'images/c.txt'));
    const warnings: string[] = [];
    await run(dataset, {}, { reporter: { ...silentReporter, warn: (text) => void warnings.push(text) } });
    expect(warnings).toEqual([expect.stringContaining('sources/c/out.txt')]);
    expect(Object.keys(outputs(dataset))).toEqual(['a/out.txt', 'b/out.txt', 'manifest.jsonl']);
  });

  it('leaves alone what a person put beside its outputs', async () => {
    const dataset = toyDataset(abc);
    await run(dataset);
    writeText(join(dataset.root, 'sources/a/notes.txt'), 'mine');
    writeText(join(dataset.root, 'images/b.txt'), 'B');
    await run(dataset);
    expect(readFileSync(join(dataset.root, 'sources/a/notes.txt'), 'utf8')).toBe('mine');
  });

  it('keeps a bad item in quarantine, takes it in when it is mended', async () => {
    const dataset = toyDataset({ ...abc, 'bad.txt': 'bad' });
    const first = await run(dataset);
    expect(first.quarantine).toEqual([
      { path: 'images/bad.txt', reason: 'it is bad', remedy: 'Write better.' },
    ]);
    expect(await run(dataset)).toMatchObject({ done: 0, kept: 4, quarantined: 1 });
    writeText(join(dataset.root, 'images/bad.txt'), 'good');
    expect(await run(dataset)).toMatchObject({ done: 1, quarantined: 0 });
  });

  it('tries again, alone, what was refused by a limit that has changed, and nothing else', async () => {
    const dataset = toyDataset(
      { ...abc, 'bad.txt': 'bad', 'slow.txt': 'slow' },
      { limits: { timeoutMs: 10 } },
    );
    const within = (timeoutMs: number, more: object = {}) => ({
      ...dataset,
      config: { ...dataset.config, limits: { ...dataset.config.limits, timeoutMs, ...more } },
    });
    expect(await run(dataset)).toMatchObject({ done: 5, quarantined: 2 });
    expect(await run(within(10, { maxPixels: 5 }))).toMatchObject({ done: 0, quarantined: 2 });
    const tried = await run(within(20), {}, { dryRun: true });
    expect(tried.items).toEqual([
      { id: 'slow.txt', kind: 'parameter', reason: 'limits.timeoutMs changed from 10 to 20' },
    ]);
    expect(await run(within(20))).toMatchObject({ done: 1, kept: 4, quarantined: 2 });
    expect(await run(within(1000))).toMatchObject({ done: 1, kept: 4, quarantined: 1 });
    expect(await run(within(10))).toMatchObject({ done: 0, kept: 5, quarantined: 1 }); // what was made stays
    const alone = toyDataset(
      { ...abc, 'bad.txt': 'bad', 'slow.txt': 'slow' },
      { limits: { timeoutMs: 2000 } },
    );
    await run(within(2000));
    await run(alone);
    expect(outputs(dataset)).toEqual(outputs(alone));
  });

  it('takes over no refusal of an interrupted run by a limit that has changed', async () => {
    const limits = { timeoutMs: 10, quarantineBudget: { count: 0, share: 0 } };
    const dataset = toyDataset({ ...abc, 'slow.txt': 'slow' }, { limits });
    await expect(run(dataset)).rejects.toMatchObject({ code: 'QUARANTINE_BUDGET' });
    const raised = { ...dataset.config.limits, timeoutMs: 1000 };
    expect(await run({ ...dataset, config: { ...dataset.config, limits: raised } })).toMatchObject({
      done: 1,
      resumed: 3,
      quarantined: 0,
    });
  });

  it('fails past the quarantine budget and commits nothing', async () => {
    const dataset = toyDataset(
      { ...abc, 'bad.txt': 'bad' },
      { limits: { quarantineBudget: { count: 0, share: 0.2 } } },
    );
    await expect(run(dataset)).rejects.toMatchObject({ code: 'QUARANTINE_BUDGET', stage: 'ingest' });
    expect(outputs(dataset)).toEqual({});
    await expect(run(dataset)).rejects.toMatchObject({ code: 'QUARANTINE_BUDGET' }); // all finished, still too much
    expect(outputs(dataset)).toEqual({});
    writeText(join(dataset.root, 'images/bad.txt'), 'good');
    expect(await run(dataset)).toMatchObject({ done: 1, resumed: 3, quarantined: 0 });
  });

  it('waits for what is under way when an item fails: nobody writes once it has ended', async () => {
    const dataset = toyDataset(abc, { resize: { quality: 2 } });
    const before = async ({ id }: { id: string }) => {
      if (id === 'a.txt') throw new Error('broken');
      await new Promise((resolve) => setTimeout(resolve, 50));
    };
    await expect(run(dataset, { before }, { concurrency: 2 })).rejects.toMatchObject({
      code: 'STAGE_FAILED',
    });
    const staged = join(dataset.root, 'sources/.staging/files');
    expect(Object.keys(treeOf(staged))).toEqual(['sources/b/out.txt']); // c was not begun
    expect(await run(dataset)).toMatchObject({ done: 2, resumed: 1 });
  });

  it('leaves the state of before when it is stopped, and goes on where it was', async () => {
    const dataset = toyDataset(abc, { resize: { quality: 1 } });
    await run(dataset);
    const before = outputs(dataset);
    const stop = new AbortController();
    const stopAtB = { before: (item: { id: string }) => void (item.id === 'b.txt' && stop.abort()) };
    const changed = withQuality(dataset, 2);
    const stopped = run(changed, stopAtB, { signal: stop.signal, concurrency: 1 });
    await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(outputs(dataset)).toEqual(before);
    const made: string[] = [];
    const resumed = await run(changed, { before: (item) => void made.push(item.id) });
    expect(made).toEqual(['c.txt']);
    expect(resumed).toMatchObject({ done: 1, resumed: 2 });
    expect(readFileSync(join(dataset.root, 'sources/a/out.txt'), 'utf8')).toBe('aaaa');
    expect(existsSync(join(dataset.root, 'sources/.staging'))).toBe(false);
  });

  it('throws away what an interrupted run made under other settings', async () => {
    const dataset = toyDataset(abc, { resize: { quality: 1 } });
    const stop = new AbortController();
    const stopAtB = { before: (item: { id: string }) => void (item.id === 'b.txt' && stop.abort()) };
    await expect(run(dataset, stopAtB, { signal: stop.signal, concurrency: 1 })).rejects.toThrow(
      AtelierError,
    );
    expect(await run(withQuality(dataset, 3))).toMatchObject({ done: 3, resumed: 0 });
    expect(readFileSync(join(dataset.root, 'sources/a/out.txt'), 'utf8')).toBe('aaaaaa');
  });

  it('does not make a source that changed after it was planned', async () => {
    const dataset = toyDataset(abc);
    const edit = () => writeText(join(dataset.root, 'images/c.txt'), 'changed meanwhile');
    await expect(run(dataset, { before: edit }, { concurrency: 1 })).rejects.toMatchObject({
      code: 'INPUT_CHANGED',
    });
    expect(outputs(dataset)).toEqual({});
  });

  it('refuses a second writer and takes over from a dead one', async () => {
    const dataset = toyDataset(abc);
    await run(dataset, {
      before: async () => {
        await expect(run(dataset)).rejects.toMatchObject({ code: 'LOCKED', exitCode: 1 });
      },
    });
    const folder = stageFolder(dataset.root, 'ingest');
    const dead = { token: 'x', host: 'here', pid: 2 ** 30, scope: processScope(), start: '1' };
    writeFileSync(folder.lock, JSON.stringify(dead));
    expect(await run(dataset, {}, { verify: true })).toMatchObject({ kept: 3 });
    expect(existsSync(folder.lock)).toBe(false);
  });

  it('finds that there is nothing to do without the lock, as on a disk it cannot write to', async () => {
    const dataset = toyDataset(abc);
    await run(dataset);
    const lock = await acquireLock(stageFolder(dataset.root, 'ingest').lock);
    expect(await run(dataset)).toMatchObject({ done: 0, kept: 3 });
    writeText(join(dataset.root, 'images/a.txt'), 'changed');
    await expect(run(dataset)).rejects.toMatchObject({ code: 'LOCKED' });
    await lock.release();
  });

  it('takes over what an interrupted run made, and remembers why that was', async () => {
    const dataset = toyDataset(abc);
    const stop = new AbortController();
    const stopAtB = { before: (item: { id: string }) => void (item.id === 'b.txt' && stop.abort()) };
    await expect(run(dataset, stopAtB, { signal: stop.signal, concurrency: 1 })).rejects.toThrow(
      AtelierError,
    );
    expect(await run(dataset)).toMatchObject({
      done: 1,
      resumedItems: ['a.txt', 'b.txt'].map((id) => ({ id, kind: 'new', reason: 'new' })),
    });
    const made = await readHistory(stageFolder(dataset.root, 'ingest').history, new Set(['a.txt', 'c.txt']));
    expect([...made].map(([id, { reason }]) => [id, reason]).sort()).toEqual([
      ['a.txt', 'new'],
      ['c.txt', 'new'],
    ]);
  });

  it('says that a source was removed, or is written to all the time, while it was read', async () => {
    const dataset = toyDataset(abc);
    const { digests } = await openStatRecord(join(dataset.root, 'record'), { root: dataset.root });
    const gone = digests(['images/a.txt', 'images/gone.txt']);
    await expect(gone).rejects.toMatchObject({
      code: 'INPUT_MISSING',
      path: join(dataset.root, 'images/gone.txt'),
      problem: 'it was removed while this run looked at it',
    });
    const path = join(dataset.root, 'images/b.txt');
    let writing = true;
    const write = () => {
      appendFileSync(path, '.');
      if (writing) setImmediate(write);
    };
    write();
    try {
      await expect(digests(['images/b.txt'])).rejects.toMatchObject({ code: 'INPUT_CHANGED', path });
    } finally {
      writing = false;
    }
    expect((await digests(['images/a.txt'])).size).toBe(1);
  });

  it('says what is in the way of an output, and is carried through once it is gone', async () => {
    const dataset = toyDataset(abc);
    const blocked = join(dataset.root, 'sources/b/out.txt');
    mkdirSync(blocked, { recursive: true });
    const inTheWay = { code: 'WRITE_FAILED', stage: 'ingest', path: blocked };
    await expect(run(dataset)).rejects.toMatchObject({
      ...inTheWay,
      problem: 'a folder of that name is in the way',
    });
    await expect(run(dataset)).rejects.toMatchObject(inTheWay);
    rmdirSync(blocked);
    expect(await run(dataset)).toMatchObject({ completed: true, done: 0, kept: 3 });
  });

  it('gives the same bytes from any sequence of edits as from a fresh run', async () => {
    const name = fc.constantFrom('a.txt', 'b.txt', 'c.txt', 'd.txt');
    const edit = fc.oneof(
      fc.record({
        kind: fc.constant('write' as const),
        name,
        text: fc.constantFrom('x', 'yy', 'zzz', 'bad'),
      }),
      fc.record({ kind: fc.constant('remove' as const), name }),
      fc.record({ kind: fc.constant('damage' as const), name }),
      fc.record({ kind: fc.constant('quality' as const), quality: fc.integer({ min: 1, max: 4 }) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(edit, { maxLength: 3 }), { minLength: 1, maxLength: 4 }),
        async (rounds) => {
          let dataset = toyDataset(abc, { resize: { quality: 1 } });
          const texts: Record<string, string> = { ...abc };
          for (const round of rounds) {
            for (const step of round) {
              if (step.kind === 'write') {
                texts[step.name] = step.text;
                writeText(join(dataset.root, 'images', step.name), step.text);
              } else if (step.kind === 'remove') {
                delete texts[step.name];
                rmSync(join(dataset.root, 'images', step.name), { force: true });
              } else if (step.kind === 'damage') {
                rmSync(join(dataset.root, 'sources', step.name.slice(0, 1)), {
                  recursive: true,
                  force: true,
                });
              } else dataset = withQuality(dataset, step.quality);
            }
            await run(dataset);
          }
          const fresh = { ...toyDataset({ ...texts }), config: dataset.config };
          writeText(join(fresh.root, 'images/.keep'), '');
          rmSync(join(fresh.root, 'images/.keep'));
          await run(fresh);
          expect(outputs(dataset)).toEqual(outputs(fresh));
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('openDataset', () => {
  it('names the datasets beside a folder that is none', async () => {
    const dataset = toyDataset(abc);
    for (const name of ['real', ...'abcdefghijkl']) writeText(join(dataset.root, name, 'dataset.json'), '{}');
    await expect(openDataset(join(dataset.root, 'rael'))).rejects.toMatchObject({
      code: 'DATASET_MISSING',
      exitCode: 2,
      hint: 'Did you mean real? Datasets there: a, b, c, d, e, f, g, h, i, j and 3 more.',
    });
  });

  it('takes an absent dataset.json as {} and refuses a broken one', async () => {
    const dataset = toyDataset(abc);
    expect((await openDataset(dataset.root, ['resize.quality=3'])).config.resize.quality).toBe(3);
    writeText(join(dataset.root, 'dataset.json'), '{"seed": ');
    await expect(openDataset(dataset.root)).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE', exitCode: 2 });
  });
});
