import * as fs from 'node:fs/promises';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { StageName } from '@atelier/core';
import { failingDisk, type Failure } from './fixtures/failing-disk.js';

// before whatever imports node:fs/promises
const disk = failingDisk(fs);
jest.unstable_mockModule('node:fs/promises', () => disk.module);
const { AtelierError, STAGES } = await import('@atelier/core');
const { openDataset, runStage, silentReporter } = await import('@atelier/stage');
const { pipeline, runPipeline } = await import('./fixtures/run-pipeline.js');
const { artifacts, expectSameArtifacts, smallConfig, smallDataset, writePicture } =
  await import('./fixtures/small-dataset.js');
const { expectTruth } = await import('./fixtures/expect-truth.js');

const config = { ...smallConfig, augment: { imagesPerSource: 2 } };

/** The stages that write in ways of their own: picture by picture, in groups, in large files. */
const thorough: readonly StageName[] = ['resize', 'augment', 'normalize'];

const copyOf = (root: string) => {
  const copy = mkdtempSync(join(tmpdir(), 'atelier-step-'));
  cpSync(root, copy, { recursive: true, preserveTimestamps: true });
  return copy;
};

/**
 * A dataset with an edit that makes `stage` add, change and remove, and that the stages before it have taken in; and
 * what it is to come to.
 */
async function prepare(stage: StageName): Promise<{ root: string; expected: Map<string, string> }> {
  const root = await smallDataset({ a: 2, b: 1 }, config);
  await runPipeline(root);
  rmSync(join(root, 'images/b/b_0.png'));
  await writePicture(join(root, 'images/a/a_0.png'), 'another');
  await writePicture(join(root, 'images/c/c_0.png'), 'new');
  writeFileSync(join(root, 'dataset.json'), JSON.stringify({ ...config, seed: 2 }));
  const index = pipeline.findIndex(({ name }) => name === stage);
  for (const before of pipeline.slice(0, index)) await run(before.name, root);
  const needed = ['images', STAGES[stage], ...(pipeline[index]?.inputs ?? []).map((name) => STAGES[name])];
  for (const folder of Object.values(STAGES)) {
    if (!needed.includes(folder)) rmSync(join(root, folder), { recursive: true }); // the fewer files to copy
  }
  const whole = copyOf(root);
  await run(stage, whole);
  return { root, expected: artifacts(whole) };
}

async function run(stage: StageName, root: string): Promise<void> {
  const found = pipeline.find(({ name }) => name === stage) as (typeof pipeline)[number];
  // one item at a time, so that the steps are always the same
  await runStage(found, await openDataset(root), { reporter: silentReporter, concurrency: 1 });
}

/** Fails a stage at each of its changes to the disk in turn, or at every few. @returns how many there are */
async function failEverywhere(stage: StageName, failure: Failure): Promise<number> {
  const { root, expected } = await prepare(stage);
  const stride = thorough.includes(stage) ? 1 : 5;
  for (let step = 1; ; step += stride) {
    const copy = copyOf(root);
    disk.failAt(step, failure);
    const error = await run(stage, copy).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const failed = disk.failed();
    disk.failAt(0, failure);
    const what = `${stage}, step ${step}, ${failure}`;
    if (failed && failure === 'full' && error !== undefined) {
      expect([what, error instanceof AtelierError, (error as { code: string }).code]).toEqual([
        what,
        true,
        'DISK_FULL',
      ]);
      expect((error as Error).message).toMatch(/^Cannot .*: the disk is full\. Free some space/);
    }
    await expectTruth(copy, stage);
    const lock = join(copy, STAGES[stage], '.lock');
    if (failure === 'full') expect([what, existsSync(lock)]).toEqual([what, false]);
    rmSync(lock, { force: true }); // that of a dead process is taken over: tested with the lock
    await run(stage, copy);
    expectSameArtifacts(artifacts(copy), expected);
    expect([what, existsSync(join(copy, STAGES[stage], '.staging'))]).toEqual([what, false]);
    rmSync(copy, { recursive: true });
    if (!failed) return step - 1;
  }
}

describe('at every single change that a stage makes to the disk', () => {
  const stages = Object.keys(STAGES) as StageName[];

  it.each(stages)('%s says that the disk is full, leaves the truth and is carried on', async (stage) => {
    expect(await failEverywhere(stage, 'full')).toBeGreaterThan(10);
  });

  it.each(stages)('%s may be killed, leaves the truth and is carried on', async (stage) => {
    expect(await failEverywhere(stage, 'dead')).toBeGreaterThan(10);
  });
});
