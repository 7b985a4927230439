import { lstat, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { AtelierError } from '@atelier/core';

/**
 * Refuses to write through symbolic links that lead out of the dataset: it may come from a stranger, and a link in it
 * could point anywhere.
 * @param root the dataset's folder
 * @param paths below it, absolute; they need not exist
 * @throws AtelierError WRITE_FAILED
 */
export async function refuseLinksOut(root: string, paths: Iterable<string>): Promise<void> {
  const all = new Set<string>();
  for (const path of paths) {
    for (let part = path; part !== root && part !== dirname(part) && !all.has(part); part = dirname(part))
      all.add(part);
  }
  const inside = join(await realpath(root), sep);
  for (const path of all) {
    const isLink = (await lstat(path).catch(() => undefined))?.isSymbolicLink() ?? false;
    if (!isLink) continue;
    const target = await realpath(path).catch(() => ''); // of a link to nothing, which writing would make
    if (target.startsWith(inside)) continue;
    throw new AtelierError({
      code: 'WRITE_FAILED',
      action: 'write through',
      path,
      problem: 'it is a symbolic link that leads out of the dataset',
      hint: 'Remove the link; to keep results on another disk, put the whole dataset there.',
    });
  }
}
