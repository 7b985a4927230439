import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { STAGES, type StageName } from '@atelier/core';
import { openDataset, runStage, silentReporter, type RunSummary } from '@atelier/stage';
import { runNode, runProgram, workerOf } from './fixtures/run-program.js';
import { expectUntouched, stageOf, staleDataset, type StaleDataset } from './fixtures/stale-dataset.js';

const stages = Object.keys(STAGES) as StageName[];
const writing = ['resize', 'augment', 'normalize'] as const;
const oneLine = /^[^\n]*\n$/;
let data: StaleDataset;
beforeAll(async () => (data = await staleDataset()));
afterAll(() => data.remove());

/** Whether a program can be run here: some machines lack it, others forbid what it does. */
const runs = async (program: ReturnType<typeof runProgram>) =>
  (await program.catch(() => ({ code: 1 }))).code === 0;

// a process of its own may mount file systems that nobody else sees, on most machines
const mayMount = await runs(
  runProgram('unshare', ['-rm', 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', tmpdir()]),
);
// permissions do not hold the superuser: the worker then runs as the user nobody, who must be able to read it
const isSuperuser = process.getuid?.() === 0;
const held = isSuperuser ? { uid: 65534, gid: 65534, env: { ...process.env, HOME: tmpdir() } } : {};
const isHeld = process.platform !== 'win32' && (await runs(runNode([workerOf('resize'), '--help'], held)));

describe('a disk that takes no more', () => {
  it.each(writing)('%s says so in one line, leaves the last state and is carried on', async (stage) => {
    const root = await data.staleFor(stage);
    // ulimit counts blocks of 512 or 1,024 bytes: the journal outgrows four of them after a few items
    const limited = `ulimit -f ${stage === 'normalize' ? 1 : 4}; exec "$@"`;
    const program = [process.execPath, workerOf(stage), '--dataset', root, '--concurrency', '1'];
    const { code, stderr } = await runProgram('sh', ['-c', limited, 'sh', ...program]);
    expect(code).toBe(1);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toMatch(
      /^error: Cannot write .*the largest size allowed here\. Raise the limit \(ulimit -f\)/,
    );
    await expectUntouched(root, stage, data.stale);
    const summaries = await data.expectCarriedOn(root);
    const { resumed } = summaries.find((summary) => summary.stage === stage) as RunSummary;
    if (stage !== 'normalize') expect(resumed).toBeGreaterThan(0);
  });

  it('normalize does not begin what cannot fit', async () => {
    const root = await data.staleFor('normalize');
    const normalize = stageOf('normalize');
    const vast: typeof normalize = {
      ...normalize,
      plan: async (context) => ({ ...(await normalize.plan(context)), sizeBytes: () => 2 ** 60 }),
    };
    const running = runStage(vast, await openDataset(root), { reporter: silentReporter });
    await expect(running).rejects.toMatchObject({
      code: 'DISK_FULL',
      problem: expect.stringMatching(/^it needs \d+\.\d GB and \d+\.\d GB are free$/) as string,
    });
    await expectUntouched(root, 'normalize', data.stale);
  });

  const ifMounting = mayMount ? it : it.skip;
  ifMounting.each(writing)('%s on a full file system: the same', async (stage) => {
    const root = await data.staleFor(stage);
    const folder = data.emptyFolder();
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const script = `
      set -e
      mount -t tmpfs -o size=8m tmpfs "$2"
      cp -a "$1/." "$2"
      dd if=/dev/zero of="$2/ballast" bs=4096 2> /dev/null || true
      truncate -s "-$4" "$2/ballast"
      disk=$2; results=$3; shift 4
      "$@" --dataset "$disk" 2> "$results/said" || echo $? > "$results/code"
      cp -a "$disk" "$results/failed"
      rm "$disk/ballast"
      "$@" --dataset "$disk" --json > "$results/summary"
      cp -a "$disk" "$results/done"`;
    const free = { resize: '28K', augment: '40K', normalize: '24K' }[stage];
    const program = [process.execPath, workerOf(stage), '--concurrency', '1'];
    const args = ['-rm', 'sh', '-c', script, 'sh', root, disk, folder, free, ...program];
    expect(await runProgram('unshare', args)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(join(folder, 'code'), 'utf8')).toBe('1\n');
    const said = readFileSync(join(folder, 'said'), 'utf8');
    expect(said).toMatch(oneLine);
    expect(said).toMatch(/^error: Cannot .*: (the disk is full|it needs .* are free)\. Free /);
    await expectUntouched(join(folder, 'failed'), stage, data.stale);
    await data.expectCarriedOn(join(folder, 'done'));
  });
});

describe('a dataset that cannot be written to', () => {
  it.each(writing)('%s says that a file is in the way of its folder', async (stage) => {
    const root = await data.staleFor(stage);
    const folder = join(root, STAGES[stage]);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'a file');
    const { code, stderr } = await runNode([workerOf(stage), '--dataset', root]);
    expect(code).toBe(1);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toMatch(/a part of its path is a file, not a folder\. Move that file away, and run again/);
    expect(readFileSync(folder, 'utf8')).toBe('a file');
    rmSync(folder);
    await data.expectCarriedOn(root);
  });

  /** Runs a stage where no folder may be written to. */
  async function runHeld(root: string, stage: StageName) {
    if (isSuperuser) chmodSync(dirname(root), 0o711);
    const folders = [root, join(root, 'images'), ...stages.map((name) => join(root, STAGES[name]))];
    for (const folder of folders) chmodSync(folder, 0o555);
    const ended = await runNode([workerOf(stage), '--dataset', root], held);
    for (const folder of folders) chmodSync(folder, 0o755);
    return ended;
  }
  const ifHeld = isHeld ? it : it.skip;

  ifHeld('is up to date all the same where nothing changed', async () => {
    for (const stage of stages) {
      const { code, stderr } = await runHeld(data.fresh, stage);
      expect({ stage, code, stderr }).toEqual({
        stage,
        code: 0,
        stderr: expect.stringMatching(/^\w+ +up to date/) as string,
      });
    }
  });

  ifHeld.each(writing)('%s says that it may not', async (stage) => {
    const root = await data.staleFor(stage);
    const { code, stderr } = await runHeld(root, stage);
    expect(code).toBe(1);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toMatch(
      /^error: Cannot take the lock .*: permission was denied\. Make the folder writable/,
    );
    await expectUntouched(root, stage, data.stale);
    await data.expectCarriedOn(root);
  });
});
