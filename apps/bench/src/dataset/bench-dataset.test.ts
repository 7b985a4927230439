import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { groupBy } from '@atelier/core';
import { makeBenchDataset, placeOf } from './bench-dataset.js';

describe('placeOf', () => {
  it('deals the pictures out evenly, each to a file of its own, and uses every source', () => {
    const places = Array.from({ length: 100 }, (_, i) => placeOf(i, { classes: 7, sources: 53 }));
    expect(new Set(places.map(({ file }) => file)).size).toBe(100);
    expect(new Set(places.map(({ source }) => source)).size).toBe(53);
    const perClass = groupBy(places, ({ file }) => path.dirname(file));
    expect([...perClass.values()].map((group) => group.length)).toEqual([15, 15, 14, 14, 14, 14, 14]);
  });
});

describe('makeBenchDataset', () => {
  it('makes resized pictures and shards of all pictures for training, once', async () => {
    const parent = await mkdtemp(path.join(tmpdir(), 'bench-'));
    const sources = fileURLToPath(new URL('../../../../datasets/sample/images', import.meta.url));
    try {
      const size = { size: 16, pictures: 6, classes: 3 };
      const { root, pictures } = await makeBenchDataset({ sources, parent }, size);
      expect((await readdir(`${pictures}/class_0002`)).sort()).toEqual(['000002.jpg', '000005.jpg']);
      const manifest = await readFile(`${root}/normalized/manifest.jsonl`, 'utf8');
      expect(manifest).toMatch(/"rows":6/);
      const file = `${pictures}/class_0002/000002.jpg`;
      const before = (await stat(file)).mtimeMs;
      await makeBenchDataset({ sources, parent }, size);
      expect((await stat(file)).mtimeMs).toBe(before);
    } finally {
      await rm(parent, { recursive: true });
    }
  });
});
