import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { repositoryRoot, runPython, sourceNodeArgs } from '@atelier/readers';
import { createNpz, readNpz, writeNpz } from './npz.js';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'npz-'))));
afterEach(() => rm(folder, { recursive: true }));

const arrays = {
  labels: { dtype: 'int32', shape: [3], data: Int32Array.of(0, 1, 2) },
  images: { dtype: 'uint8', shape: [3, 1, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6) },
  'été 🎨': { dtype: 'float32', shape: [], data: Float32Array.of(0.5) },
} as const;

describe('npz', () => {
  it('is read by numpy, stored, in the order of names', async () => {
    const file = path.join(folder, 'train.npz');
    await writeNpz(file, arrays);
    const seen = runPython(
      `
import numpy, zipfile
with zipfile.ZipFile(ARGS) as archive:
    entries = [[info.filename, info.compress_type, list(info.date_time)] for info in archive.infolist()]
    damaged = archive.testzip()
with numpy.load(ARGS) as arrays:
    RESULT = [entries, damaged, {name: [arrays[name].dtype.name, arrays[name].shape, arrays[name].tolist()] for name in arrays}]`,
      file,
    );
    const epoch = [1980, 1, 1, 0, 0, 0];
    expect(seen).toEqual([
      [
        ['images.npy', 0, epoch],
        ['labels.npy', 0, epoch],
        ['été 🎨.npy', 0, epoch],
      ],
      null,
      {
        images: ['uint8', [3, 1, 2], [[[1, 2]], [[3, 4]], [[5, 6]]]],
        labels: ['int32', [3], [0, 1, 2]],
        'été 🎨': ['float32', [], 0.5],
      },
    ]);
  });

  it('reads its own files and those of numpy.savez_compressed', async () => {
    const [ours, theirs] = [path.join(folder, 'a.npz'), path.join(folder, 'b.npz')];
    await writeNpz(ours, arrays);
    runPython('import numpy\nnumpy.savez_compressed(ARGS[1], **numpy.load(ARGS[0]))\nRESULT = None', [
      ours,
      theirs,
    ]);
    for (const file of [ours, theirs]) {
      expect(Object.fromEntries(await readNpz(file))).toEqual(arrays);
    }
  });

  it('gives the same bytes in any time zone and however the chunks are cut', async () => {
    const write = (timeZone: string, pieces: readonly number[]): { sha256: string; offset: number } => {
      const script = `
import { createNpz } from '@atelier/artifacts';
const npz = await createNpz(${JSON.stringify(path.join(folder, 'zone.npz'))});
let start = 0;
const pieces = ${JSON.stringify(pieces)}.map((length) => Uint8Array.of(1, 2, 3, 4, 5, 6).subarray(start, (start += length)));
await npz.add('images', { dtype: 'uint8', shape: [6] }, pieces);
const { sha256 } = await npz.commit();
console.log(JSON.stringify({ sha256, offset: new Date(1980, 0, 1).getTimezoneOffset() }));`;
      const env = { ...process.env, TZ: timeZone };
      const args = [...sourceNodeArgs, '--eval', script];
      return JSON.parse(
        execFileSync(process.execPath, args, { cwd: repositoryRoot, env, encoding: 'utf8' }),
      ) as never;
    };
    const seen = [
      write('UTC', [6]),
      write('America/St_Johns', [1, 2, 3]),
      write('Pacific/Auckland', [0, 5, 1]),
    ];
    expect(new Set(seen.map((one) => one.offset)).size).toBe(3);
    expect(new Set(seen.map((one) => one.sha256)).size).toBe(1);
  });

  it('copies what it is given before asking for more', async () => {
    const file = path.join(folder, 'reused.npz');
    const npz = await createNpz(file);
    const shared = new Uint8Array(2);
    function* chunks() {
      for (let i = 0; i < 3; i++) yield shared.fill(i);
    }
    await npz.add('images', { dtype: 'uint8', shape: [6] }, chunks());
    await npz.commit();
    expect([...((await readNpz(file)).get('images')?.data ?? [])]).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it.each([
    [
      'names out of order',
      [
        ['b', 1],
        ['a', 1],
      ],
      /"a" comes after "b"/,
    ],
    [
      'a name twice',
      [
        ['a', 1],
        ['a', 1],
      ],
      /"a" comes after "a"/,
    ],
    ['too few elements', [['a', 2]], /"a" has 1 bytes, but its shape asks for 2/],
    ['more than 4 GiB', [['a', 2 ** 32]], /ends at 4 GiB here\. Use the Arrow shards/],
  ] as const)('refuses %s and leaves nothing', async (_name, entries, message) => {
    const npz = await createNpz(path.join(folder, 'refused.npz'));
    const add = async () => {
      for (const [name, length] of entries)
        await npz.add(name, { dtype: 'uint8', shape: [length] }, [Uint8Array.of(1)]);
    };
    await expect(add()).rejects.toThrow(message);
    await expect(npz.commit()).rejects.toMatchObject({ code: 'WRITE_FAILED' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses a cut file, and a zip of something else', async () => {
    const file = path.join(folder, 'train.npz');
    await writeNpz(file, arrays);
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(0, whole.length - 30));
    await expect(readNpz(file)).rejects.toMatchObject({ code: 'ARTIFACT_DAMAGED' });
    runPython('import zipfile\nzipfile.ZipFile(ARGS, "w").writestr("a.txt", "x")\nRESULT = None', file);
    await expect(readNpz(file)).rejects.toThrow(/holds "a\.txt", which is no \.npy/);
  });
});
