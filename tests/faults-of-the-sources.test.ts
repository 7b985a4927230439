import * as fs from 'node:fs/promises';
import { cpSync, existsSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { jest } from '@jest/globals';
import type { StageName } from '@atelier/core';
import type { StaleDataset } from './fixtures/stale-dataset.js';

/** Called with each folder that has just been listed: what happens then happens between the listing and the reading. */
let onListed: (folder: string) => void = () => undefined;
jest.unstable_mockModule('node:fs/promises', () => ({
  ...fs,
  readdir: async (path: string, ...options: unknown[]) => {
    const found: unknown = await fs.readdir(path, ...(options as []));
    onListed(path);
    return found;
  },
}));
const { silentReporter } = await import('@atelier/stage');
const { runPipeline } = await import('./fixtures/run-pipeline.js');
const { artifacts, expectSameArtifacts, smallConfig, writePicture } =
  await import('./fixtures/small-dataset.js');
const { expectUntouched, runOne, staleDataset } = await import('./fixtures/stale-dataset.js');

const picture = 'images/a/a_0.png';
let data: StaleDataset;
beforeAll(async () => (data = await staleDataset()));
afterAll(() => data.remove());

/** Runs a stage; `meanwhile` happens when its plan is made and nothing is processed yet. */
const runWhile = (stage: StageName, root: string, meanwhile: () => void) =>
  runOne(stage, root, {
    concurrency: 1,
    reporter: {
      ...silentReporter,
      progress: (label, total) => {
        meanwhile();
        return silentReporter.progress(label, total);
      },
    },
  });

/** Once all has run again, the dataset is what a fresh one with these sources would be. */
async function expectAsFresh(root: string): Promise<void> {
  await runPipeline(root);
  const again = data.emptyFolder();
  for (const path of ['images', 'dataset.json', 'splits/assignments.csv']) {
    cpSync(join(root, path), join(again, path), { recursive: true });
  }
  await runPipeline(again);
  expectSameArtifacts(artifacts(root), artifacts(again));
}

describe('sources that vanish or change while a run reads them', () => {
  const edits = [
    ['a picture vanishes', 'INPUT_MISSING', (root: string) => rmSync(join(root, picture))],
    ['all vanish', 'INPUT_MISSING', (root: string) => rmSync(join(root, 'images'), { recursive: true })],
    ['a picture changes', 'INPUT_CHANGED', (root: string) => writeFileSync(join(root, picture), 'other')],
    ['a picture is cut', 'INPUT_CHANGED', (root: string) => writeFileSync(join(root, picture), '')],
  ] as const;

  it.each(edits)('%s between plan and processing: ingest and resize say so', async (_what, code, edit) => {
    for (const stage of ['ingest', 'resize'] as const) {
      const root = data.copyOf(data.fresh);
      await writePicture(join(root, picture), 'replaced'); // something to do
      if (stage === 'resize') await runOne('ingest', root);
      const before = data.copyOf(root);
      await expect(runWhile(stage, root, () => edit(root))).rejects.toMatchObject({
        code,
        stage,
        path: join(root, picture),
        hint: expect.stringContaining(
          'Run "npx atelier preprocess" again: it takes in what changed',
        ) as string,
      });
      await expectUntouched(root, stage, before);
      if (!existsSync(join(root, 'images'))) {
        cpSync(join(before, 'images'), join(root, 'images'), { recursive: true });
      }
      await expectAsFresh(root);
    }
  });

  it.each([picture, 'images/b'])('%s vanishes between the listing and the reading', async (victim) => {
    const root = data.copyOf(data.fresh);
    const limits = { maxPixels: 1e6 }; // something to do
    writeFileSync(join(root, 'dataset.json'), JSON.stringify({ ...smallConfig, limits }));
    const past = new Date(1e12); // so that the digest that is on record will not do
    utimesSync(join(root, picture), past, past);
    let listings = 0;
    onListed = (folder) => {
      // the second listing is that of the plan
      if (folder === dirname(join(root, victim)) && ++listings === 2) {
        rmSync(join(root, victim), { recursive: true });
      }
    };
    await expect(runOne('ingest', root)).rejects.toMatchObject({
      code: 'INPUT_MISSING',
      path: join(root, victim),
      problem: 'it was removed while this run looked at it',
      hint: 'Run again: it takes in what changed.',
    });
    onListed = () => undefined;
    expect(listings).toBe(2);
    await expectUntouched(root, 'ingest', data.fresh);
    await expectAsFresh(root);
  });

  it('the whole dataset is moved away: the run ends and says why, and is carried on there', async () => {
    const root = await data.staleFor('resize');
    const away = join(data.emptyFolder(), 'moved');
    const moving = runWhile('resize', root, () => renameSync(root, away));
    await expect(moving).rejects.toMatchObject({ code: 'INPUT_MISSING', stage: 'resize' });
    rmSync(join(away, 'resized_images/.lock')); // as that of a process that has ended: this one goes on
    await data.expectCarriedOn(away);
  });
});
