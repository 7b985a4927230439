import { spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STAGES, type StageName } from '@atelier/core';
import { artifacts, expectSameArtifacts, smallDataset } from './fixtures/small-dataset.js';
import { runPipeline } from './fixtures/run-pipeline.js';

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
const preprocess = (...options: string[]) => [
  'run-many',
  '-t',
  'preprocess',
  '--output-style=stream',
  '--',
  ...options,
];
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
    for (const folder of [root, direct]) rmSync(folder, { recursive: true });
  });

  it('fails where a stage fails, and runs none of the later ones', async () => {
    const root = await smallDataset({ a: 2 }, { limits: { quarantineBudget: { count: 0, share: 0 } } });
    writeFileSync(join(root, 'images/a/broken.png'), 'no picture');
    const { code, output } = await runNx(preprocess(`--dataset=${root}`));
    expect(code).toBeGreaterThan(0); // Nx says 130 where it did not come to the later stages
    expect(output).toMatch(/images\/a\/broken\.png: its content is not a picture/);
    for (const stage of Object.keys(STAGES) as StageName[])
      expect(existsSync(manifest(root, stage))).toBe(false);
    rmSync(root, { recursive: true });
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
