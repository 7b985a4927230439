import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAtelier } from '../testing/atelier-program.js';
import { makePictures, SMALL } from '../testing/picture-folder.js';

let folder: string;
const atelier = (...args: string[]) => runAtelier(args, folder);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-trace-'));
  await makePictures(join(folder, 'images'), { a: 10 });
  await writeFile(join(folder, 'dataset.json'), JSON.stringify(SMALL));
  expect(await atelier('preprocess', '--dataset', '.')).toMatchObject({ code: 0 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('trace', () => {
  it('follows a picture from any of its files through all stages, with reasons', async () => {
    const [made] = await readdir(join(folder, 'generated_images/a'));
    const { code, stdout } = await atelier('trace', `generated_images/a/${made}`, '--dataset=.', '--json');
    expect(code).toBe(0);
    const { sourceId, stages } = JSON.parse(stdout) as {
      sourceId: string;
      stages: { stage: string; items: { made: { reason: string } }[] }[];
    };
    expect(sourceId).toMatch(/^a\//);
    expect(stages.map(({ stage }) => stage)).toEqual([
      'ingest',
      'resize',
      'labels',
      'split',
      'augment',
      'normalize',
    ]);
    for (const { items } of stages) {
      expect(items.length).toBeGreaterThan(0);
      expect(items.map((item) => item.made.reason)).toEqual(items.map(() => 'new'));
    }
    const text = await atelier('trace', sourceId, '--dataset=.');
    expect(text.stdout).toContain(`from images/${sourceId}`);
    expect(text.stdout).toContain(`to   generated_images/a/${made}`);
  });

  it('names the nearest picture', async () => {
    const { code, stderr } = await atelier('trace', 'a/a_x.png', '--dataset=.');
    expect(code).toBe(1);
    expect(stderr).toMatch(/Did you mean a\//);
  });
});

describe('verify', () => {
  it('vouches, names damage, repairs just that', async () => {
    expect(await atelier('verify', '--dataset=.')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('all as the manifests say') as string,
    });
    await writeFile(join(folder, 'labels/labels.csv'), 'edited');
    const found = await atelier('verify', '--dataset=.');
    expect(found).toMatchObject({ code: 1, stdout: expect.stringContaining('labels/labels.csv') as string });
    const repaired = JSON.parse((await atelier('verify', '--dataset=.', '--repair', '--json')).stdout) as {
      damage: { path: string }[];
      repaired: { stage: string; done: number }[];
    };
    expect(repaired.damage.map(({ path }) => path)).toEqual(['labels/labels.csv']);
    expect(repaired.repaired.map(({ done }) => done)).toEqual([0, 0, 1, 0, 0, 0]);
    expect(await atelier('verify', '--dataset=.')).toMatchObject({ code: 0 });
  });
});
