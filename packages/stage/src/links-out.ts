import { lstat, readdir, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { AtelierError } from '@atelier/core';

/** What somebody is about to do with a file. */
export type FileUse = 'read' | 'write';

/**
 * Makes the function that refuses to read or write through symbolic links which lead out of the dataset: it may come
 * from a stranger, and a link in it could point anywhere. Folders are looked at once, files each time.
 * @param root the dataset's folder
 * @returns takes paths below it, absolute, which need not exist, and throws AtelierError READ_FAILED or WRITE_FAILED
 */
export function linkGuard(root: string, use: FileUse): (paths: Iterable<string>) => Promise<void> {
  const known = new Set<string>();
  return async (paths) => {
    for (const path of paths) {
      for (const part of partsBelow(root, path, known)) {
        const isLink = (await lstat(part).catch(() => undefined))?.isSymbolicLink() ?? false;
        if (isLink) await refuseLinkOut(root, part, use);
        if (part !== path) known.add(part);
      }
    }
  };
}

/** {@link linkGuard} for paths that are looked at once. */
export async function refuseLinksOut(
  root: string,
  paths: Iterable<string>,
  use: FileUse = 'write',
): Promise<void> {
  await linkGuard(root, use)(new Set(paths));
}

/** {@link refuseLinksOut} for a folder and all that is in it. */
export async function refuseLinksBelow(root: string, folder: string, use: FileUse = 'write'): Promise<void> {
  const guard = linkGuard(root, use);
  await guard([folder]);
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const links = entries.filter((entry) => entry.isSymbolicLink());
  await guard(links.map((entry) => join(entry.parentPath, entry.name)));
}

/** A path and the folders on the way to it from the root, the outermost first, without those that are known. */
function partsBelow(root: string, path: string, known: ReadonlySet<string>): string[] {
  const parts: string[] = [];
  for (let part = path; part !== root && part !== dirname(part) && !known.has(part); part = dirname(part)) {
    parts.unshift(part);
  }
  return parts;
}

async function refuseLinkOut(root: string, path: string, use: FileUse): Promise<void> {
  const inside = join(await realpath(root), sep);
  const target = await realpath(path).catch(() => ''); // of a link to nothing, which writing would make
  if (target.startsWith(inside)) return;
  throw new AtelierError({
    code: use === 'read' ? 'READ_FAILED' : 'WRITE_FAILED',
    action: `${use} through`,
    path,
    problem: 'it is a symbolic link that leads out of the dataset',
    hint: 'Remove the link; to keep results on another disk, put the whole dataset there.',
  });
}
