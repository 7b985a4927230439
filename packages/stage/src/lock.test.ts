import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { acquireLock } from './lock.js';
import { processScope, processStart } from './process-identity.js';

const lockPath = () => join(mkdtempSync(join(tmpdir(), 'atelier-lock-')), '.lock');
const here = { host: 'here', scope: processScope() };
const elsewhere = { host: 'elsewhere', pid: 1, scope: 'another machine', start: '1' };
const ownedBy = (owner: object) => JSON.stringify({ token: 'other', ...owner });
/** A process id that no process has. */
const NOBODY = 2 ** 30;
/** A heartbeat quick enough for tests. */
const BEAT_MS = 20;
const HOUR_MS = 3_600_000;
const longAgo = new Date(Date.now() - HOUR_MS);

const refusal = (pid: number) => ({
  code: 'LOCKED',
  problem: expect.stringContaining(`process ${pid} on`) as string,
});

describe('acquireLock', () => {
  it('lets one in, names the owner to the other, and lets that one in afterwards', async () => {
    const path = lockPath();
    const first = await acquireLock(path);
    await expect(acquireLock(path)).rejects.toMatchObject(refusal(process.pid));
    await first.release();
    await (await acquireLock(path)).release();
    expect(existsSync(path)).toBe(false);
  });

  it('lets exactly one of many in', async () => {
    const path = lockPath();
    writeFileSync(path, ownedBy({ ...here, pid: NOBODY, start: '1' }));
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => acquireLock(path)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(readdirSync(join(path, '..'))).toEqual(['.lock']);
  });

  it('takes over from a dead process, from a silent machine and from a lock cut off while written', async () => {
    for (const content of [ownedBy({ ...here, pid: NOBODY }), ownedBy(elsewhere), '{"to']) {
      const path = lockPath();
      writeFileSync(path, content);
      utimesSync(path, longAgo, longAgo);
      const lock = await acquireLock(path, BEAT_MS);
      await lock.assertHeld();
      await lock.release();
    }
  });

  it('says what is in the way where a folder cannot be made', async () => {
    const file = lockPath();
    writeFileSync(file, 'a file');
    await expect(acquireLock(join(file, 'stage/.lock'))).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      problem: 'a part of its path is a file, not a folder',
    });
  });

  it('notices that it was taken over, and does not remove the other one', async () => {
    const path = lockPath();
    const lock = await acquireLock(path);
    writeFileSync(path, ownedBy(elsewhere));
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'LOCK_LOST' });
    await lock.release();
    expect(existsSync(path)).toBe(true);
  });
});

describe('the owner on this machine', () => {
  it('lives as long as the system says so, however long its heartbeat has been away', async () => {
    const path = lockPath();
    const lock = await acquireLock(path, HOUR_MS);
    for (const time of [longAgo, new Date(Date.now() + HOUR_MS)]) {
      utimesSync(path, time, time);
      await expect(acquireLock(path, BEAT_MS)).rejects.toMatchObject(refusal(process.pid));
    }
    await lock.assertHeld();
    await lock.release();
  });

  it('keeps its lock where the clock jumps', async () => {
    const path = lockPath();
    const lock = await acquireLock(path);
    const now = jest.spyOn(Date, 'now');
    for (const jump of [-HOUR_MS, HOUR_MS]) {
      now.mockImplementation(() => performance.timeOrigin + performance.now() + jump);
      await expect(acquireLock(path, BEAT_MS)).rejects.toMatchObject({ code: 'LOCKED' });
    }
    now.mockRestore();
    await lock.release();
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;

  onLinux('is dead where its process id belongs to a later process', async () => {
    const path = lockPath();
    writeFileSync(path, ownedBy({ ...here, pid: process.pid, start: '1' }));
    await (await acquireLock(path)).release();
  });

  onLinux('is dead where its process has ended and its parent has not noticed', async () => {
    // the shell's child ends at once; the shell becomes a program that never asks for it
    const shell = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const pid = Number(await new Promise((resolve) => shell.stdout.once('data', resolve)));
    while (processStart(pid) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /);
    shell.kill();
  });
});

describe('an owner elsewhere', () => {
  it('lives where its heartbeat is young', async () => {
    const path = lockPath();
    writeFileSync(path, ownedBy(elsewhere));
    await expect(acquireLock(path, BEAT_MS)).rejects.toMatchObject({
      ...refusal(1),
      hint: expect.stringContaining('in a minute') as string,
    });
  });

  it.each([
    ['behind', -HOUR_MS],
    ['ahead', HOUR_MS],
  ])('lives where its clock is %s and it shows itself', async (_where, offset) => {
    const path = lockPath();
    writeFileSync(path, ownedBy(elsewhere));
    let beats = 0;
    const beat = () => {
      const time = new Date(Date.now() + offset + beats++);
      utimesSync(path, time, time);
    };
    beat();
    const owner = setInterval(beat, BEAT_MS);
    await expect(acquireLock(path, 5 * BEAT_MS)).rejects.toMatchObject(refusal(1));
    clearInterval(owner);
  });
});

describe('processStart', () => {
  it('is the same each time, and tells processes apart', () => {
    expect(processStart(process.pid)).toBe(processStart(process.pid));
    expect(processStart(NOBODY)).toBeUndefined();
    const script = `import { processStart } from ${JSON.stringify(new URL('../dist/process-identity.js', import.meta.url).href)};
      console.log(JSON.stringify([processStart(process.pid), processStart(${process.pid})]));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
    const [child, parent] = JSON.parse(stdout.toString()) as (string | null)[];
    expect(parent).toBe(processStart(process.pid));
    if (parent !== null) expect(Number(child)).toBeGreaterThan(Number(parent));
  });
});
