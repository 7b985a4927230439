import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PIPELINE } from '@atelier/pipeline';
import { runAtelier } from '../testing/atelier-program.js';
import { makePictures, SMALL, snapshot } from '../testing/picture-folder.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-commands-'));
  await makePictures(join(folder, 'pictures'), { a: 3, 'b c': 3 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const atelier = (...args: string[]) => runAtelier(args, folder);

describe('init', () => {
  it('makes a dataset, says what it found and what comes next', async () => {
    const { code, stdout, stderr } = await atelier('init', 'my set', '--images', 'pictures');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      [
        'found 6 pictures in 2 classes:',
        '  a    3',
        '  b c  3',
        `made ${join('my set', 'dataset.json')}`,
        "next: npx atelier preprocess --dataset 'my set'",
        '',
      ].join('\n'),
    );
    expect(JSON.parse(await readFile(join(folder, 'my set', 'dataset.json'), 'utf8'))).toMatchObject({
      images: '../pictures',
    });
    expect(await atelier('init', 'my set', '--images', 'pictures')).toMatchObject({ code: 2, stdout: '' });
  });

  it('ends with 2 for a folder that is none', async () => {
    const { code, stderr } = await atelier('init', 'mine', '--images', 'pictuers');
    expect(code).toBe(2);
    expect(stderr).toContain('there is no such folder');
  });
});

describe('preprocess and status', () => {
  beforeEach(async () => {
    await atelier('init', 'mine', '--images', 'pictures');
    const config = JSON.parse(await readFile(join(folder, 'mine', 'dataset.json'), 'utf8')) as object;
    await writeFile(join(folder, 'mine', 'dataset.json'), JSON.stringify({ ...config, ...SMALL }));
  });

  it('runs all stages, then none; JSON alone goes to stdout', async () => {
    const first = await atelier('preprocess', '--dataset', 'mine', '--json');
    expect(first.code).toBe(0);
    const summaries = JSON.parse(first.stdout) as { stage: string; done: number; kept: number }[];
    expect(summaries.map(({ stage }) => stage)).toEqual(PIPELINE);
    expect(summaries[1]).toMatchObject({ stage: 'resize', done: 6, kept: 0, dryRun: false, quarantined: 0 });
    const before = await snapshot(join(folder, 'mine'));
    const second = await atelier('preprocess', '--dataset=mine', '--json');
    const again = JSON.parse(second.stdout) as typeof summaries;
    expect(again.map(({ done }) => done)).toEqual(Array(6).fill(0));
    expect(again[1]).toMatchObject({ stage: 'resize', kept: 6 });
    expect(await snapshot(join(folder, 'mine'))).toEqual(before);
  });

  it('runs the named stages in their order and says on stderr what was done', async () => {
    const { code, stdout, stderr } = await atelier('preprocess', 'resize', 'ingest', '--dataset', 'mine');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/^ingest +made 6 pictures[^]*\nresize +made 6 pictures/);
    const dry = await atelier(
      'preprocess',
      'resize',
      '--dry-run',
      '--set',
      'resize.width=8',
      '--dataset',
      'mine',
    );
    expect(dry.stderr).toMatch(/would make 6 pictures[^]*resize\.width changed from 16 to 8/);
    const { stdout: table } = await atelier('status', '--dataset', 'mine');
    expect(table).toMatch(/resize .*fresh[^]*labels .*never run/);
    expect(table).toContain('To bring it up to date: npx atelier preprocess --dataset mine');
  });

  it('ends with 1 where a stage has no input', async () => {
    const { code, stderr } = await atelier('preprocess', 'augment', '--dataset', 'mine');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*it has not been run.*npx atelier preprocess/);
  });

  it('prints names with control characters escaped, everywhere', async () => {
    await atelier('preprocess', '--dataset', 'mine');
    const name = 'bad\u001b[2J\n.jpg';
    await writeFile(join(folder, 'pictures', 'a', name), 'no picture');
    const shown = 'bad\\u{1b}[2J\\u{a}.jpg';
    const before = await atelier('status', '--dataset', 'mine', '--json');
    expect(before.stdout).toContain('bad\\u001b[2J\\n.jpg');
    await atelier('preprocess', '--dataset', 'mine');
    const { stdout } = await atelier('status', '--quarantine', '--dataset', 'mine');
    expect(stdout).toContain(`│ images/a/${shown} │ ingest │ `);
    const explained = await atelier('preprocess', '--explain', '--verify', '--dataset', 'mine');
    await writeFile(join(folder, 'pictures', 'a', name), 'still no picture');
    const changed = await atelier('preprocess', '--explain', '--dataset', 'mine');
    expect(changed.stderr).toContain(shown);
    const table = await atelier('status', '--dataset', 'mine');
    for (const { stdout, stderr } of [explained, changed, table])
      expect(stdout + stderr).not.toContain('\u001b');
  });

  it('gives the status as data', async () => {
    await atelier('preprocess', '--dataset', 'mine');
    const { code, stdout, stderr } = await atelier('status', '--json', '--dataset', 'mine');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const found = JSON.parse(stdout) as Record<string, unknown>[];
    expect(found.map(({ stage, state }) => [stage, state])).toEqual(PIPELINE.map((name) => [name, 'fresh']));
    expect(await atelier('status', '--quarantine', '--json', '--dataset', 'mine')).toMatchObject({
      code: 0,
      stdout: '[]\n',
    });
  });

  it('ends with 1 where the status cannot be told', async () => {
    await rm(join(folder, 'pictures'), { recursive: true });
    const { code, stdout } = await atelier('status', '--dataset', 'mine');
    expect(code).toBe(1);
    expect(stdout).toMatch(/ingest .*unknown .*there is no such folder/);
  });
});

describe('doctor', () => {
  it('gives its checks as data', async () => {
    const { code, stdout } = await atelier('doctor', '--json');
    const { ok, checks } = JSON.parse(stdout) as {
      ok: boolean;
      checks: { name: string; level: string; found: string; remedy: string | null }[];
    };
    expect(code).toBe(ok ? 0 : 1);
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'Node',
        'npm',
        'sharp',
        'native TensorFlow',
        'training',
        'cores',
        'memory',
        'disk',
      ]),
    );
    for (const { level, found, remedy } of checks) {
      expect(['ok', 'warning', 'problem']).toContain(level);
      expect(found).not.toBe('');
      expect(remedy === null).toBe(level === 'ok');
    }
    expect(checks.find(({ name }) => name === 'Node')).toMatchObject({ found: process.versions.node });
  });
});
