import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STAGES, type StageName } from '@atelier/core';
import { artifacts, expectSameArtifacts, smallDataset } from './fixtures/small-dataset.js';
import { runPipeline } from './fixtures/run-pipeline.js';
import { runNode } from './fixtures/run-program.js';

const workspace = fileURLToPath(new URL('..', import.meta.url));
const nx = join(workspace, 'node_modules/nx/dist/bin/nx.js');

/** Runs Nx as `npx nx …` would, in the workspace, for a person who is in `folder`. */
function runNx(
  args: readonly string[],
  folder = workspace,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [nx, ...args], {
      cwd: workspace,
      env: { ...process.env, INIT_CWD: folder, NX_ISOLATE_PLUGINS: 'false', FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    child.on('error', reject).on('close', (code) => resolve({ code, output }));
  });
}
const preprocess = (...options: string[]) => ['run-many', '-t', 'preprocess', '--', ...options];
const manifest = (root: string, stage: StageName) => join(root, STAGES[stage], 'manifest.jsonl');

describe('nx run-many -t preprocess', () => {
  it('runs the stages in their order on the dataset that is given, relative to where the person is', async () => {
    const root = await smallDataset({ a: 3, b: 3 });
    const { code, output } = await runNx(preprocess(`--dataset=${basename(root)}`), dirname(root));
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
    const order = [...output.matchAll(/^(\w+): \1 +made \d+/gm)].map(([, stage]) => stage);
    expect(order).toEqual(Object.keys(STAGES));
    const through = artifacts(root);
    const direct = await smallDataset({ a: 3, b: 3 });
    await runPipeline(direct);
    expectSameArtifacts(through, artifacts(direct));
    const again = await runNx(preprocess(`--dataset=${root}`));
    expect(again.code).toBe(0);
    // of each stage one line, and no other
    const said = again.output.split('\n').filter((line) => /^\w+: /.test(line));
    expect(said.map((line) => line.replace(/\d+ \w+/, 'N'))).toEqual(
      Object.keys(STAGES).map((stage) => `${stage}: ${stage.padEnd(9)} up to date (N)`),
    );
    for (const folder of [root, direct]) rmSync(folder, { recursive: true });
  });

  it('fails where a stage fails, and runs none of the later ones', async () => {
    const root = await smallDataset({ a: 2 }, { limits: { quarantineBudget: { count: 0, share: 0 } } });
    writeFileSync(join(root, 'images/a/broken.png'), 'no picture');
    const { code, output } = await runNx(preprocess(`--dataset=${root}`));
    expect(code).toBeGreaterThan(0); // Nx says 130 where it did not come to the later stages
    expect(output).toMatch(/its content is not a picture .*images\/a\/broken\.png/);
    for (const stage of Object.keys(STAGES) as StageName[])
      expect(existsSync(manifest(root, stage))).toBe(false);
    rmSync(root, { recursive: true });
  });

  it('runs all that comes before a stage that fails, and nothing after it', async () => {
    const root = await smallDataset({ a: 2 });
    writeFileSync(join(root, STAGES.augment), 'in the way of the folder');
    const { code, output } = await runNx(preprocess(`--dataset=${root}`));
    expect(code).toBeGreaterThan(0);
    expect(output).toMatch(/^augment: error: Cannot .* a part of its path is a file/m);
    const run = Object.keys(STAGES).filter((stage) => existsSync(manifest(root, stage as StageName)));
    expect(run).toEqual(['ingest', 'resize', 'labels', 'split']);
    rmSync(root, { recursive: true });
  });

  it('fails on a misspelled dataset, naming the nearest, and makes no folder', async () => {
    const root = await smallDataset({ a: 2 });
    const { code, output } = await runNx(preprocess(`--dataset=${root}x`));
    expect(code).toBeGreaterThan(0);
    expect(output).toContain(`there is no such folder. Did you mean ${basename(root)}?`);
    expect(existsSync(`${root}x`)).toBe(false);
    rmSync(root, { recursive: true });
  });

  it('works for two datasets at once, as in two terminals', async () => {
    const datasets = [await smallDataset({ a: 3, b: 2 }), await smallDataset({ c: 4 })];
    const runs = await Promise.all(datasets.map((root) => runNx(preprocess(`--dataset=${root}`))));
    expect(runs.map(({ code, output }) => (code === 0 ? '' : output))).toEqual(['', '']);
    for (const root of datasets) {
      const through = artifacts(root);
      for (const folder of Object.values(STAGES)) rmSync(join(root, folder), { recursive: true });
      await runPipeline(root);
      expectSameArtifacts(through, artifacts(root));
      rmSync(root, { recursive: true });
    }
  });

  it('fails on a misspelled option, naming the right one', async () => {
    const root = await smallDataset({ a: 2 });
    const { code, output } = await runNx(preprocess(`--datset=${root}`));
    expect(code).toBeGreaterThan(0);
    expect(output).toMatch(/--datset.*Did you mean --dataset\?/);
    expect(existsSync(manifest(root, 'ingest'))).toBe(false);
    rmSync(root, { recursive: true });
  });
});

describe('nx train trainer', () => {
  it('runs every stage and trains, on the dataset and with the settings that are given', async () => {
    const root = await smallDataset({ a: 4, b: 4 });
    const { code, output } = await runNx([
      'train',
      'trainer',
      '--',
      `--dataset=${root}`,
      '--set',
      'train.epochs=1',
    ]);
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
    expect(output).toMatch(/^trainer: .*epoch 1\/1/m);
    expect(existsSync(join(root, 'models/latest'))).toBe(true);
    rmSync(root, { recursive: true });
  });

  it('fails on a misspelled setting before anything runs', async () => {
    const root = await smallDataset({ a: 4 });
    const { code, output } = await runNx([
      'train',
      'trainer',
      '--',
      `--dataset=${root}`,
      '--set',
      'train.epohcs=1',
    ]);
    expect(code).toBeGreaterThan(0);
    expect(output).toMatch(/train\.epohcs.*epochs/);
    expect(existsSync(manifest(root, 'ingest'))).toBe(false);
    rmSync(root, { recursive: true });
  });
});

describe('builds', () => {
  const lockModule = new URL('../tools/build-lock.mjs', import.meta.url).href;

  it('run one at a time, and after one that was killed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'atelier-build-'));
    const lock = join(folder, 'build.lock');
    const log = join(folder, 'log');
    writeFileSync(lock, String(2 ** 30)); // of a process that is gone
    const script = `
      import { appendFileSync } from 'node:fs';
      import { withBuildLock } from ${JSON.stringify(lockModule)};
      await withBuildLock(async () => {
        appendFileSync(${JSON.stringify(log)}, 'begin ');
        await new Promise((resolve) => setTimeout(resolve, 100));
        appendFileSync(${JSON.stringify(log)}, 'end ');
      }, ${JSON.stringify(lock)});`;
    const builds = await Promise.all(
      Array.from({ length: 4 }, () => runNode(['--input-type=module', '-e', script])),
    );
    expect(builds).toEqual(Array(4).fill({ code: 0, stdout: '', stderr: '' }));
    expect(readFileSync(log, 'utf8')).toBe('begin end '.repeat(4));
    expect(readdirSync(folder)).toEqual(['log']);
    rmSync(folder, { recursive: true });
  });
});
