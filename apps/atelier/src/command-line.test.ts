import { cp, mkdtemp, mkdir, rm } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AtelierError, datasetJsonSchema } from '@atelier/core';
import { COMMANDS, parseCommand } from './command-line.js';
import { ended, launcher, runAtelier } from './testing/atelier-program.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('parseCommand', () => {
  it.each([
    [['preproces'], 'no command preproces. Did you mean preprocess?'],
    [['statsu', '--json'], 'no command statsu. Did you mean status?'],
    [['--dataset', 'x', 'statu'], 'no command statu. Did you mean status?'],
    [['trian'], 'no command trian. Did you mean train?'],
    [['preprocess', '--datset=x'], 'no option of preprocess --datset. Did you mean --dataset?'],
    [['preprocess', 'resize', '--explian'], 'no option of preprocess --explian. Did you mean --explain?'],
    [['status', '--quarantin'], 'no option of status --quarantin. Did you mean --quarantine?'],
    [['status', '--verify'], 'no option of status --verify.'],
    [['preprocess', '--dataset'], 'not enough arguments following: dataset.'],
    [['status', 'resize'], 'unknown argument: resize.'],
    [['init', 'x'], 'missing required argument: images.'],
    [['init', '--images', 'x'], 'got 0, need at least 1.'],
    [[], 'no command is given. There are: start, init,'],
    [['pre\u001b[31m'], 'no command pre\\u{1b}[31m.'],
  ])('refuses %j', async (args, message) => {
    const error = await parseCommand(args).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AtelierError);
    expect(error).toMatchObject({ code: 'USAGE', exitCode: 2 });
    expect((error as AtelierError).message).toContain(message);
  });

  it.each([
    [['preprocess']],
    [['--dataset', 'status', 'preprocess', 'resize', 'ingest', '--set', 'seed=2', '--set', 'resize.width=8']],
    [['preprocess', '--set', 'seed=2', 'resize']],
    [['status', '--no-json', '--verbose']],
    [['init', '5', '--images', '7', '--copy']],
    [['doctor', '--install', '--json']],
    [['train', '--what', 'the', 'trainer', 'makes', '--of=it']],
    [['--dataset', 'x', 'train']],
  ])('understands %j', async (args) => {
    expect(await parseCommand(args)).toBeInstanceOf(Function);
  });

  it('gives every command a name of its own and a description', () => {
    expect(new Set(COMMANDS.map(({ name }) => name)).size).toBe(COMMANDS.length);
    for (const { description } of COMMANDS) expect(description).toMatch(/\w/);
  });
});

describe('the program', () => {
  it('explains itself on stdout', async () => {
    const { code, stdout, stderr } = await runAtelier(['--help'], folder);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const { name, description } of COMMANDS) {
      expect(stdout).toContain(`atelier ${name}`);
      expect(stdout.replace(/\s+/g, ' ')).toContain(description);
    }
  });

  it('explains a command, and says its version', async () => {
    const help = await runAtelier(['preprocess', '--help'], folder);
    expect(help.code).toBe(0);
    expect(help.stdout).toContain('--concurrency');
    expect(await runAtelier(['--version'], folder)).toMatchObject({ code: 0, stdout: '0.1.0\n' });
  });

  it.each([
    ['a misspelled command', ['preproces'], 'Did you mean preprocess?'],
    ['a misspelled option', ['preprocess', '--explian'], 'Did you mean --explain?'],
    ['a misspelled stage', ['preprocess', 'resise'], 'Did you mean resize?'],
    ['a stage with control characters', ['preprocess', 'a\u001b[2J'], 'no stage a\\u{1b}[2J.'],
    ['a number that is none', ['preprocess', '--concurrency', '0'], '--concurrency is 0.'],
  ])('ends with 2 and one line for %s', async (_, args, message) => {
    const { code, stdout, stderr } = await runAtelier(args, folder);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]*\n$/);
    expect(stderr).toContain(message);
  });

  it('ends with 2 for a dataset that is not there, and names those that are', async () => {
    await mkdir(join(folder, 'datasets', 'mine'), { recursive: true });
    await cp(new URL('../package.json', import.meta.url), join(folder, 'datasets', 'mine', 'dataset.json'));
    const missing = await runAtelier(['preprocess', '--dataset', 'datasets/mien'], folder);
    expect(missing).toMatchObject({ code: 2, stdout: '' });
    expect(missing.stderr).toContain('Datasets there: mine.');
    const wrong = await runAtelier(['status', '--dataset', 'datasets/mine'], folder);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('unknown key');
  });

  it('shows the stack with --verbose', async () => {
    const { stderr } = await runAtelier(['status', '--dataset', 'nowhere', '--verbose'], folder);
    expect(stderr).toMatch(/\n\s+at /);
  });

  it('prints the schema of dataset.json', async () => {
    const { code, stdout } = await runAtelier(['schema'], folder);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(datasetJsonSchema());
  });

  it('says how to build it where it is not built', async () => {
    const copy = join(folder, 'bin', 'atelier.mjs');
    await mkdir(join(folder, 'bin'));
    await cp(launcher, copy);
    const child = spawn(process.execPath, [copy], { stdio: ['ignore', 'pipe', 'pipe'] });
    const { code, stderr } = await ended(child);
    expect(code).toBe(1);
    expect(stderr).toContain('npm run build');
  });
});
