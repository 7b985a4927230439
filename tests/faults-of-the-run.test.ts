import { cpSync, mkdirSync, renameSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { jest } from '@jest/globals';
import { STAGES, type StageName } from '@atelier/core';
import { silentReporter } from '@atelier/stage';
import { runPipeline } from './fixtures/run-pipeline.js';
import { atelier, runNode, workerOf, type Ended } from './fixtures/run-program.js';
import { artifacts, expectSameArtifacts, writePicture } from './fixtures/small-dataset.js';
import { runOne, staleDataset, type StaleDataset } from './fixtures/stale-dataset.js';

const writing = ['resize', 'augment', 'normalize'] as const;
let data: StaleDataset;
beforeAll(async () => (data = await staleDataset()));
afterAll(() => data.remove());

describe('two runs at once on one dataset', () => {
  it.each(writing)('%s: the second is told who is at work, the first is unharmed', async (stage) => {
    const root = await data.staleFor(stage);
    const seconds: Ended[] = [];
    const reporter = {
      ...silentReporter,
      progress: async (label: string, total: number) => {
        seconds.push(await runNode([workerOf(stage), '--dataset', root]));
        seconds.push(await runNode([atelier, 'preprocess', stage, '--dataset', root]));
        return silentReporter.progress(label, total);
      },
    };
    expect((await runOne(stage, root, { reporter })).done).toBeGreaterThan(0);
    expect(seconds).toHaveLength(2);
    for (const { code, stderr } of seconds) {
      expect(code).toBe(1);
      const said = `^error: Cannot start a run in .*: process ${process.pid} on .* Wait for it to end, .*\n$`;
      expect(stderr).toMatch(new RegExp(said));
    }
    await data.expectCarriedOn(root);
  });
});

describe('a clock that jumps', () => {
  const YEAR_MS = 365.25 * 86_400_000;
  const setClock = (offset: number) =>
    jest
      .spyOn(Date, 'now')
      .mockImplementation(() => performance.timeOrigin + performance.now() + offset * YEAR_MS);
  afterEach(() => jest.restoreAllMocks());

  it('makes nothing stale, hides no change and gives the same bytes', async () => {
    const root = data.copyOf(data.stale);
    const source = join(root, 'images/a/a_0.png');
    const future = new Date(Date.now() + 20 * YEAR_MS);
    utimesSync(source, future, future);
    setClock(-30);
    await data.expectCarriedOn(root);
    for (const offset of [30, -60, 0]) {
      setClock(offset);
      const idle = await runPipeline(root);
      expect(idle.map(({ done, removed }) => done + removed)).toEqual([0, 0, 0, 0, 0, 0]);
    }
    await writePicture(source, 'another');
    utimesSync(source, new Date(0), new Date(0));
    const made = (await runPipeline(root)).map(({ stage, items }) => [stage, items.map(({ id }) => id)]);
    expect(made.slice(0, 2)).toEqual([
      ['ingest', ['a/a_0.png']],
      ['resize', ['a/a_0.png']],
    ]);
  });

  it('does not count the time of a run backwards', async () => {
    const root = data.copyOf(data.stale);
    setClock(0);
    const reporter = {
      ...silentReporter,
      progress: (label: string, total: number) => {
        setClock(-1);
        return silentReporter.progress(label, total);
      },
    };
    const { done, durationMs } = await runOne('resize', root, { reporter });
    expect(done).toBeGreaterThan(0);
    expect(durationMs).toBeGreaterThanOrEqual(0);
    expect(durationMs).toBeLessThan(YEAR_MS);
  });
});

describe('a stage that was killed while committing', () => {
  /** The new manifest is decided, the old one set aside, and one file is still to be moved. */
  function cutOff(stage: StageName): { root: string; file: string } {
    const root = data.copyOf(data.fresh);
    const folder = join(root, STAGES[stage]);
    const staging = join(folder, '.staging');
    mkdirSync(staging);
    cpSync(join(folder, 'manifest.jsonl'), join(staging, 'manifest.jsonl'));
    renameSync(join(folder, 'manifest.jsonl'), join(staging, 'previous.jsonl'));
    const own = [...artifacts(root).keys()].filter((path) => path.startsWith(`${STAGES[stage]}/`));
    const file = own.find((path) => /\.(jpg|arrow)$/.test(path)) as string;
    mkdirSync(dirname(join(staging, 'files', file)), { recursive: true });
    renameSync(join(root, file), join(staging, 'files', file));
    return { root, file };
  }
  const say = async (root: string, ...args: string[]) => {
    const { code, stdout, stderr } = await runNode([atelier, ...args, '--dataset', root]);
    return { code, text: stdout + stderr };
  };
  const line = (text: string) => new RegExp(text, 'm');

  it.each(writing)(
    '%s: every command tells the truth, and the next run carries it through',
    async (stage) => {
      const { root, file } = cutOff(stage);
      const before = artifacts(root);
      const status = await say(root, 'status');
      expect(status.code).toBe(0);
      expect(status.text).toMatch(
        line(`${stage} .*stale.*a commit that was cut off, which the next run completes`),
      );
      const dry = await say(root, 'preprocess', '--dry-run');
      expect(dry.code).toBe(0);
      expect(dry.text).toMatch(line(`^${stage} +would complete the commit that was cut off, would make 0`));
      const verify = await say(root, 'verify');
      expect(verify.code).toBe(1);
      expect(verify.text).toMatch(/manifest\.jsonl .*its last run was cut off while committing/);
      const trace = await say(root, 'trace', 'a/a_0.png');
      expect(trace.code).toBe(0);
      expect(trace.text).toMatch(line(`^${stage} \\(its last run was cut off while committing`));
      if (stage !== 'normalize') {
        expect((await say(root, 'trace', file)).text).toContain(`to   ${file}`);
        const next = stage === 'resize' ? 'labels' : 'normalize';
        const later = await runNode([workerOf(next), '--dataset', root]);
        expect(later.code).toBe(1);
        expect(later.stderr).toMatch(
          line(`cut off while committing\\. Run "npx atelier preprocess ${stage}" first`),
        );
      }
      expectSameArtifacts(artifacts(root), before); // nothing of this has changed anything
      const run = await say(root, 'preprocess');
      expect(run.code).toBe(0);
      expect(run.text).toMatch(line(`^${stage} +completed the commit that was cut off, made 0 .*, kept \\d`));
      expectSameArtifacts(artifacts(root), artifacts(data.fresh));
      expect(await say(root, 'verify')).toMatchObject({ code: 0 });
    },
  );
});
