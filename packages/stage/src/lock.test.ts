import { existsSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireLock } from './lock.js';

const lockPath = () => join(mkdtempSync(join(tmpdir(), 'atelier-lock-')), '.lock');
const ownedBy = (owner: object) => JSON.stringify({ token: 'other', ...owner });

describe('acquireLock', () => {
  it('lets one in, names the owner to the other, and lets that one in afterwards', async () => {
    const path = lockPath();
    const first = await acquireLock(path);
    await expect(acquireLock(path)).rejects.toMatchObject({
      code: 'LOCKED',
      problem: expect.stringContaining(`process ${process.pid}`) as string,
    });
    await first.release();
    await (await acquireLock(path)).release();
    expect(existsSync(path)).toBe(false);
  });

  it('lets exactly one of many in', async () => {
    const path = lockPath();
    writeFileSync(path, ownedBy({ host: hostname(), pid: 2 ** 30 }));
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => acquireLock(path)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(readdirSync(join(path, '..'))).toEqual(['.lock']);
  });

  it('takes over from a dead process, from a silent machine and from a lock cut off while written', async () => {
    const old = new Date(Date.now() - 3_600_000);
    for (const content of [
      ownedBy({ host: hostname(), pid: 2 ** 30 }),
      ownedBy({ host: 'elsewhere', pid: 1 }),
      '{"to',
    ]) {
      const path = lockPath();
      writeFileSync(path, content);
      utimesSync(path, old, old);
      const lock = await acquireLock(path);
      await lock.assertHeld();
      await lock.release();
    }
  });

  it('respects a machine that shows itself', async () => {
    const path = lockPath();
    writeFileSync(path, ownedBy({ host: 'elsewhere', pid: 1 }));
    await expect(acquireLock(path)).rejects.toMatchObject({ code: 'LOCKED' });
  });

  it('notices that it was taken over, and does not remove the other one', async () => {
    const path = lockPath();
    const lock = await acquireLock(path);
    writeFileSync(path, ownedBy({ host: 'elsewhere', pid: 1 }));
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'LOCK_LOST' });
    await lock.release();
    expect(existsSync(path)).toBe(true);
  });
});
