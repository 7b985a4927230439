import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  defaultPlace,
  ensureReaders,
  repositoryRoot,
  runPython,
  sourceNodeArgs,
  venvPython,
  type ReadersPlace,
} from './index.js';

describe('runPython', () => {
  it('uses exactly the pinned numpy and Pillow', async () => {
    const requirements = await readFile(defaultPlace.requirementsPath, 'utf8');
    const pinned = (name: string) => new RegExp(`^${name}==(\\S+)$`, 'm').exec(requirements)?.[1];
    const script = 'import numpy, PIL\nRESULT = [numpy.__version__, PIL.__version__]';
    expect(pinned('numpy')).toBeDefined();
    expect(runPython(script)).toEqual([pinned('numpy'), pinned('pillow')]);
  });

  it('carries arguments and results of any script as they are', () => {
    const args = { text: 'Édouard "🎨"\n', list: [1, 2.5, null, true] };
    expect(runPython('RESULT = ARGS', args)).toEqual(args);
    expect(runPython('RESULT = ARGS')).toBeNull();
  });

  it('keeps what libraries print out of the result, and makes lists of arrays', () => {
    const script = `
import numpy, os
print("noise")
os.system("echo noise from a child")
RESULT = {"array": numpy.arange(4, dtype="uint8").reshape(2, 2), "number": numpy.float32(0.5)}`;
    expect(runPython(script)).toEqual({
      array: [
        [0, 1],
        [2, 3],
      ],
      number: 0.5,
    });
  });

  it('does not see the modules of the working folder', () => {
    expect(runPython('import sys\nRESULT = "" in sys.path or __import__("os").getcwd() in sys.path')).toBe(
      false,
    );
  });

  it.each([
    ['raise ValueError("broken on purpose")', /ended with 1:[^]*ValueError: broken on purpose/],
    ['x = 1', /assigned nothing to RESULT/],
    ['RESULT = float("nan")', /not JSON compliant/],
    ['RESULT = object()', /RESULT holds a object/],
  ])('%s fails with the last words of Python', (script, message) => {
    expect(() => runPython(script)).toThrow(message);
  });
});

describe('ensureReaders', () => {
  let folder: string;
  let place: ReadersPlace;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'readers-'));
    place = {
      ...defaultPlace,
      requirementsPath: path.join(folder, 'requirements.txt'),
      venvPath: path.join(folder, 'venv'),
    };
    await writeFile(place.requirementsPath, '# nothing to install\n');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('does nothing the second time, and starts afresh when the requirements change', async () => {
    await ensureReaders(place);
    await writeFile(path.join(place.venvPath, 'left-over'), '');
    await ensureReaders(place);
    expect(await readdir(place.venvPath)).toContain('left-over');
    await writeFile(place.requirementsPath, '# changed\n');
    await ensureReaders(place);
    expect(await readdir(place.venvPath)).not.toContain('left-over');
  });

  it('lets one of several work while the others wait, and takes over the lock of a dead one', async () => {
    await mkdir(`${place.venvPath}.lock`);
    await writeFile(`${place.venvPath}.lock/pid`, '4194999'); // above the highest process id of Linux
    const made = await Promise.all([ensureReaders(place), ensureReaders(place)]);
    expect(made).toEqual([venvPython(place), venvPython(place)]);
    expect((await readdir(folder)).sort()).toEqual(['requirements.txt', 'venv']);
  });

  it('says what is missing when there is no Python', async () => {
    await expect(ensureReaders({ ...place, systemPython: 'python-that-is-not-there' })).rejects.toThrow(
      /python-that-is-not-there[^]*ENOENT[^]*install Python 3\.11/,
    );
    expect(await readdir(folder)).toEqual(['requirements.txt']);
  });

  it('says what pip said, and leaves no stamp, when a package cannot be had', async () => {
    await writeFile(place.requirementsPath, '/no/such/package.whl\n');
    await expect(ensureReaders(place)).rejects.toThrow(
      /pip install[^]*package index[^]*no\/such\/package\.whl/,
    );
    await expect(ensureReaders(place)).rejects.toThrow(/pip install/);
  });
});

describe('sourceNodeArgs', () => {
  it('runs a package from its sources in another process', () => {
    const script = `import { sourceNodeArgs } from '@atelier/readers'; process.stdout.write(import.meta.resolve('@atelier/readers') + ' ' + sourceNodeArgs.length);`;
    const { stdout, stderr } = spawnSync(process.execPath, [...sourceNodeArgs, '--eval', script], {
      cwd: repositoryRoot,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/readers\/src\/index\.ts 3$/);
  });
});
