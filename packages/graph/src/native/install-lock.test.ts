import { statSync, utimesSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type LockTimes, withInstallLock } from './install-lock.js';
import { runCommand } from './run-command.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-lock-'));
  path = join(folder, 'cache', 'install.lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const times: LockTimes = { pollMs: 5, heartbeatMs: 10, staleMs: 60_000, now: () => 0 };
const silent = (): void => undefined;

describe('withInstallLock', () => {
  it('lets one work at a time, tells the others once that they wait, and leaves no lock', async () => {
    let working = 0;
    let most = 0;
    let waits = 0;
    const work = async (): Promise<number> => {
      most = Math.max(most, ++working);
      await sleep(30);
      return working--;
    };
    const waiting = (): void => void waits++;
    const all = await Promise.all([1, 2, 3].map(() => withInstallLock(path, { work, waiting, times })));
    expect({ all, most, waits }).toEqual({ all: [1, 1, 1], most: 1, waits: 2 });
    expect(await readdir(join(folder, 'cache'))).toEqual([]);
  });

  it('is free again after a failure', async () => {
    const work = (): Promise<never> => Promise.reject(new Error('no'));
    await expect(withInstallLock(path, { work, waiting: silent, times })).rejects.toThrow('no');
    expect(await withInstallLock(path, { work: () => Promise.resolve(7), waiting: silent, times })).toBe(7);
  });

  it('takes over the lock of a process that is gone, at once', async () => {
    const { stdout } = await runCommand({
      file: process.execPath,
      args: ['-p', 'process.pid'],
      limitMs: 20_000,
    });
    await withInstallLock(path, { work: () => Promise.resolve(0), waiting: silent, times });
    await writeFile(path, JSON.stringify({ pid: Number(stdout), host: hostname(), token: 'gone' }));
    expect(await withInstallLock(path, { work: () => Promise.resolve(7), waiting: silent, times })).toBe(7);
  });

  it.each(['', JSON.stringify({ pid: 1, host: 'another-machine', token: 'x' })])(
    'takes over a lock that nobody touches: %j',
    async (content) => {
      await withInstallLock(path, { work: () => Promise.resolve(0), waiting: silent, times });
      await writeFile(path, content);
      let clock = 0;
      const short = { ...times, now: () => (clock += 1_000) };
      expect(
        await withInstallLock(path, { work: () => Promise.resolve(7), waiting: silent, times: short }),
      ).toBe(7);
    },
  );

  it('waits for as long as the owner gives signs of life', async () => {
    const order: string[] = [];
    let begun = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const long = async (): Promise<void> => {
      begun();
      await sleep(100);
      order.push('first');
    };
    const first = withInstallLock(path, { work: long, waiting: silent, times });
    await hasBegun;
    let clock = 0;
    const now = (): number => {
      clock += 40_000; // two looks without a beat between them would be one too many
      if (order.length === 0) utimesSync(path, clock, clock);
      return clock;
    };
    const work = (): Promise<unknown> => Promise.resolve(order.push('second'));
    await Promise.all([first, withInstallLock(path, { work, waiting: silent, times: { ...times, now } })]);
    expect(order).toEqual(['first', 'second']);
    expect(clock).toBeGreaterThan(times.staleMs);
  });

  it('touches its lock while it works', async () => {
    const work = async (): Promise<void> => {
      utimesSync(path, 0, 0);
      while (statSync(path).mtimeMs === 0) await sleep(5);
    };
    await expect(withInstallLock(path, { work, waiting: silent, times })).resolves.toBeUndefined();
  });
});
