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

const times: LockTimes = { pollMs: 5, heartbeatMs: 10, staleMs: 60_000 };
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
      const short = { ...times, staleMs: 50 };
      expect(
        await withInstallLock(path, { work: () => Promise.resolve(7), waiting: silent, times: short }),
      ).toBe(7);
    },
  );

  it('waits for as long as the owner gives signs of life', async () => {
    const order: string[] = [];
    const long = async (): Promise<void> => {
      await sleep(400);
      order.push('first');
    };
    const first = withInstallLock(path, { work: long, waiting: silent, times });
    await sleep(20);
    const second = withInstallLock(path, {
      work: () => Promise.resolve(order.push('second')),
      waiting: silent,
      times: { ...times, staleMs: 150 },
    });
    await Promise.all([first, second]);
    expect(order).toEqual(['first', 'second']);
  });
});
