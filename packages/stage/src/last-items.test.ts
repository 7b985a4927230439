import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stage } from './contract.js';
import { openDataset } from './dataset.js';
import { silentReporter } from './reporter.js';
import { runStage } from './run-stage.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'atelier-last-'));
  await writeFile(join(root, 'dataset.json'), '{}');
});
afterEach(() => rm(root, { recursive: true }));

/** Files of numbers, and a list of their digests; `numbers` are the contents by name. */
const listing = (numbers: Readonly<Record<string, number>>): Stage => ({
  name: 'publish',
  version: 1,
  noun: 'file',
  inputs: [],
  config: () => null,
  fingerprint: async () => JSON.stringify(numbers),
  async plan() {
    const items = Object.entries(numbers).map(([id, number]) => ({
      id,
      inputs: {},
      params: { number },
      outputs: [`published/${id}`],
    }));
    const list = { id: 'list', inputs: {}, params: { numbers }, outputs: ['published/list'], last: true };
    return { items: [list, ...items] };
  },
  async process([item], { write, items }) {
    const [path] = item?.outputs as [string];
    if (item?.id !== 'list') return [{ outputs: [await write(path, `${JSON.stringify(item?.params)}`)] }];
    const others = [...items().values()].filter(({ id }) => id !== 'list');
    const lines = others.map(({ id, outputs }) => `${id} ${outputs[0]?.sha256}`).sort();
    return [{ outputs: [await write(path, lines.join('\n'))] }];
  },
});

const run = async (numbers: Readonly<Record<string, number>>) =>
  runStage(listing(numbers), await openDataset(root), { reporter: silentReporter, concurrency: 8 });
const list = () => readFile(join(root, 'published/list'), 'utf8');

describe('items that are made last', () => {
  it('see all others: those made now and those kept', async () => {
    await run({ a: 1, b: 2, c: 3 });
    const first = await list();
    expect(first.split('\n').map((line) => line[0])).toEqual(['a', 'b', 'c']);
    expect(await run({ a: 1, b: 5, c: 3 })).toMatchObject({ done: 2, kept: 2 });
    const second = await list();
    expect(second).not.toBe(first);
    await rm(join(root, 'published'), { recursive: true });
    await run({ a: 1, b: 5, c: 3 });
    expect(await list()).toBe(second);
  });
});
