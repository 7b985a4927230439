import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refuseLinksOut } from './links-out.js';

let root: string;
let outside: string;
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'atelier-links-'));
  root = join(folder, 'dataset');
  outside = join(folder, 'outside');
  mkdirSync(join(root, 'a/b'), { recursive: true });
  mkdirSync(outside);
  writeFileSync(join(outside, 'file'), '');
});
afterEach(() => rmSync(join(root, '..'), { recursive: true }));

const refusal = { code: 'WRITE_FAILED', problem: expect.stringContaining('symbolic link') as string };

describe('refuseLinksOut', () => {
  it('takes folders and files that are there, and those that are not', async () => {
    await expect(
      refuseLinksOut(root, [join(root, 'a/b/c/d'), join(root, 'a/b'), join(root, 'x')]),
    ).resolves.toBeUndefined();
  });

  it.each([
    ['a folder', () => outside],
    ['a file', () => join(outside, 'file')],
    ['nothing', () => join(outside, 'nothing')],
    ['the folder above', () => join(root, '..')],
    ['a folder whose name begins alike', () => `${root}-2`],
    ['itself', () => join(root, 'a/link')],
  ])('refuses a link to %s, itself and on the way', async (_, target) => {
    mkdirSync(`${root}-2`);
    symlinkSync(target(), join(root, 'a/link'));
    for (const path of ['a/link', 'a/link/deeper/file']) {
      await expect(refuseLinksOut(root, [join(root, path)])).rejects.toMatchObject({
        ...refusal,
        path: join(root, 'a/link'),
      });
    }
    await expect(refuseLinksOut(root, [join(root, 'a/b')])).resolves.toBeUndefined();
  });

  it('takes a link that stays inside, and a dataset that is reached through a link', async () => {
    symlinkSync('b', join(root, 'a/inner'));
    symlinkSync(root, join(root, '../alias'));
    await expect(refuseLinksOut(root, [join(root, 'a/inner/x')])).resolves.toBeUndefined();
    const alias = join(root, '../alias');
    await expect(
      refuseLinksOut(alias, [join(alias, 'a/b/x'), join(alias, 'a/inner')]),
    ).resolves.toBeUndefined();
  });
});
