import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readArrowTable } from '@atelier/artifacts';
import { CLASS_NAMES, writeSyntheticDataset } from '../testing/synthetic-dataset.js';
import { runTrainer } from '../testing/trainer-program.js';

const folders: string[] = [];
async function dataset(options: Partial<Parameters<typeof writeSyntheticDataset>[1]> = {}): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'atelier trainer ü'));
  folders.push(root);
  await writeSyntheticDataset(root, { perClass: { train: 24, validation: 6, test: 4 }, ...options });
  return root;
}
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const read = (...parts: string[]) => readFileSync(path.join(...parts));
const json = (...parts: string[]) => JSON.parse(read(...parts).toString('utf8')) as never;
const entries = (root: string) => readdirSync(path.join(root, 'models')).sort();

describe('the trainer', () => {
  it('learns four easily told classes, and what it writes is whole', async () => {
    const root = await dataset({ train: { epochs: 8, tensorBoard: true } });
    const trained = await runTrainer(['train', '--dataset', root, '--json']);
    expect(trained).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/engine: graph \(native TensorFlow/),
    });
    const answer = JSON.parse(trained.stdout) as {
      run: string;
      metrics: { validation: { accuracy: number } };
    };
    expect(answer.run).toBe('run-0001');
    expect(answer.metrics.validation.accuracy).toBeGreaterThanOrEqual(0.95);
  });
});
