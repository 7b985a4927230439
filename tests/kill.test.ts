import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomStream, STAGES, type StageName } from '@atelier/core';
import { expectTruth } from './fixtures/expect-truth.js';
import { artifacts, expectSameArtifacts, smallConfig, smallDataset } from './fixtures/small-dataset.js';
import { rounds, seed } from './fixtures/time-budget.js';

const stages = Object.keys(STAGES) as StageName[];
const program = (stage: StageName) =>
  fileURLToPath(new URL(`../packages/${stage}/dist/main.js`, import.meta.url));

/** Runs one stage as a person would; with `killAfterMs` it gets that signal then. */
function runWorker(
  stage: StageName,
  root: string,
  kill?: { afterMs: number; signal: NodeJS.Signals },
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program(stage), '--dataset', root, '--concurrency', '2'], {
      stdio: 'ignore',
    });
    const timer = kill && setTimeout(() => child.kill(kill.signal), kill.afterMs);
    child.on('error', reject).on('exit', (code) => {
      clearTimeout(timer);
      resolve(code);
    });
  });
}

describe('a worker that is killed', () => {
  it(`leaves the truth and is carried on, in every stage, at any instant (seed ${seed})`, async () => {
    const before = await smallDataset({ a: 5, b: 5, c: 4 });
    for (const stage of stages) expect(await runWorker(stage, before)).toBe(0);
    const changed = { ...smallConfig, seed: 2, resize: { width: 22, height: 20 } };
    const after = mkdtempSync(join(tmpdir(), 'atelier-after-'));
    cpSync(before, after, { recursive: true, preserveTimestamps: true });
    writeFileSync(join(after, 'dataset.json'), JSON.stringify(changed));
    for (const stage of stages) expect(await runWorker(stage, after)).toBe(0);
    const expected = artifacts(after);

    const done = await rounds(async (i) => {
      const random = randomStream(seed, ['kill', String(i)]);
      const root = mkdtempSync(join(tmpdir(), 'atelier-kill-'));
      cpSync(before, root, { recursive: true, preserveTimestamps: true });
      writeFileSync(join(root, 'dataset.json'), JSON.stringify(changed));
      const victim = stages[i % stages.length] as StageName;
      for (const stage of stages) {
        if (stage === victim) {
          for (let blow = 0; blow <= random.below(3); blow++) {
            const signal = (['SIGKILL', 'SIGTERM', 'SIGINT'] as const)[random.below(3)] as NodeJS.Signals;
            await runWorker(stage, root, { afterMs: 80 + random.below(400), signal });
            await expectTruth(root, stage);
          }
        }
        expect(await runWorker(stage, root)).toBe(0);
        expect(existsSync(join(root, STAGES[stage], '.staging'))).toBe(false);
      }
      expectSameArtifacts(artifacts(root), expected);
      rmSync(root, { recursive: true });
    }, stages.length);
    expect(done).toBeGreaterThanOrEqual(stages.length);
  }, 900_000);
});
