import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { repositoryRoot, sourceNodeArgs } from '@atelier/readers';
import { absoluteDataset, runTrainer } from './trainer-program.js';
import { ended } from './testing/atelier-program.js';

describe('absoluteDataset', () => {
  it.each([
    [[], [`--dataset=${resolve('datasets/sample')}`]],
    [
      ['--dataset', 'd', '--json'],
      [`--dataset=${resolve('d')}`, '--json'],
    ],
    [
      ['p.jpg', '--dataset=/a/d'],
      ['--dataset=/a/d', 'p.jpg'],
    ],
    [['--dataset=x', '--dataset=/y'], ['--dataset=/y']],
    [
      ['--top', '3', '--', '--dataset=x'],
      [`--dataset=${resolve('datasets/sample')}`, '--top', '3', '--', '--dataset=x'],
    ],
    [['--dataset'], [`--dataset=${resolve('datasets/sample')}`, '--dataset']],
  ])('of %j', (args, expected) => {
    expect(absoluteDataset(args)).toEqual(expected);
  });
});

describe('runTrainer', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atelier-trainer-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const program = async (name: string, source: string) => {
    const path = join(folder, name);
    await writeFile(path, source);
    return path;
  };
  /** Calls runTrainer in a process of its own, so that the output and the signals are its own too. */
  const start = (path: string, options = '') => {
    const script = `import { runTrainer } from '${new URL('./trainer-program.ts', import.meta.url).href}';
      process.exitCode = await runTrainer('train', ['--x', 'a b'], { program: ${JSON.stringify(path)} ${options} });`;
    return spawn(process.execPath, [...sourceNodeArgs, '--eval', script], {
      cwd: repositoryRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };

  it('passes arguments, output and exit code on', async () => {
    const path = await program(
      'echo.mjs',
      'process.stdout.write(JSON.stringify(process.argv.slice(2))); process.stderr.write("progress"); process.exitCode = 7;',
    );
    const { code, stdout, stderr } = await ended(start(path));
    expect(JSON.parse(stdout)).toEqual([
      'train',
      `--dataset=${join(repositoryRoot, 'datasets/sample')}`,
      '--x',
      'a b',
    ]);
    expect({ code, stderr }).toEqual({ code: 7, stderr: 'progress' });
    const quiet = await ended(start(path, ', showResults: false'));
    expect(quiet).toEqual({ code: 7, stdout: '', stderr: 'progress' });
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('passes %s on and waits for the end', async (signal) => {
    const path = await program(
      'wait.mjs',
      `process.on('${signal}', () => setTimeout(() => { process.stdout.write('saved'); process.exit(130); }, 100));
       setInterval(() => {}, 1000); process.stderr.write('ready');`,
    );
    const child = start(path);
    child.stderr.on('data', (text) => String(text).includes('ready') && child.kill(signal));
    expect(await ended(child)).toMatchObject({ code: 130, stdout: 'saved' });
  });

  it('tells a killed trainer as shells do', async () => {
    const path = await program(
      'killed.mjs',
      `process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);`,
    );
    expect(await ended(start(path))).toMatchObject({ code: 137 });
  });

  it('says that it has to be built', async () => {
    await expect(runTrainer('train', [], { program: join(folder, 'none.mjs') })).rejects.toThrow(
      /none\.mjs: it has not been built\. Run "npm run build"/,
    );
  });
});
