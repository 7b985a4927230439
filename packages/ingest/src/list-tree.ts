import { isUtf8 } from 'node:buffer';
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { AtelierError, compareCodePoints, messageOf } from '@atelier/core';

/** An entry that is left out, and why. */
export type Skipped = {
  /** Below the folder of pictures, "/"-separated. */
  readonly path: string;
  readonly reason: string;
};

/** What lies below the folder of pictures. All paths are "/"-separated and by code point. */
export interface Tree {
  readonly folders: readonly string[];
  /** Regular files, whatever their extension. */
  readonly files: readonly string[];
  /** What systems leave behind, what is hidden, links, and names that are no text. */
  readonly skipped: readonly Skipped[];
}

/** Reasons that nobody needs to be told of: they are only recorded. */
export const QUIET_REASONS: ReadonlySet<string> = new Set([
  'hidden',
  'left behind by the system',
  'the table of labels',
]);

/** Extensions of picture formats, those that are not read too: such a file is a picture that somebody misses. */
const PICTURE_EXTENSIONS = new Set(
  (
    'jpg jpeg jpe jfif png apng webp gif tif tiff avif heic heif bmp dib ico psd ppm pgm pbm pnm svg svgz ' +
    'jp2 j2k jpx jxl tga exr hdr raw dng cr2 nef arw'
  ).split(' '),
);

/** Names that systems and tools leave behind, in lower case. Names that begin with "." are hidden anyway. */
const JUNK = new Set([
  'thumbs.db',
  'desktop.ini',
  '__macosx',
  '@eadir',
  '$recycle.bin',
  'system volume information',
  'lost+found',
]);

/**
 * Lists everything below the folder of pictures. Symbolic links are not followed, so that nothing outside of it
 * is ever listed and no loop is run through.
 * @param folder absolute
 * @throws AtelierError INPUT_MISSING where there is no such folder
 */
export async function listTree(folder: string): Promise<Tree> {
  const folders: string[] = [];
  const files: string[] = [];
  const skipped: Skipped[] = [];
  const visit = async (below: string): Promise<void> => {
    for (const entry of await listFolder(folder, below)) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      const reason = entry.problem ?? reasonToSkip(entry);
      if (reason !== undefined) skipped.push({ path, reason });
      else if (entry.kind === 'file') files.push(path);
      else {
        folders.push(path);
        await visit(path);
      }
    }
  };
  await visit('');
  return {
    folders: folders.sort(compareCodePoints),
    files: files.sort(compareCodePoints),
    skipped: skipped.sort((a, b) => compareCodePoints(a.path, b.path)),
  };
}

/** Why a file is no picture by its name; undefined where it may be one. */
export function notAPicture(path: string): string | undefined {
  const extension = extname(path).slice(1).toLowerCase();
  if (extension === '' || PICTURE_EXTENSIONS.has(extension)) return undefined;
  return `not a picture by its extension .${extension}`;
}

interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly problem?: string;
}

async function listFolder(root: string, below: string): Promise<Entry[]> {
  const folder = join(root, below);
  try {
    const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' });
    return entries.map((entry) => {
      const kind = entry.isFile()
        ? 'file'
        : entry.isDirectory()
          ? 'folder'
          : entry.isSymbolicLink()
            ? 'link'
            : 'other';
      const name = entry.name.toString('utf8');
      return isUtf8(entry.name)
        ? { name, kind }
        : { name, kind, problem: 'its name is not valid UTF-8: rename it' };
    });
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const { problem, hint } = missing
      ? below === ''
        ? NO_FOLDER
        : VANISHED
      : { problem: messageOf(error), hint: 'Make it readable.' };
    throw new AtelierError({
      code: missing ? 'INPUT_MISSING' : 'READ_FAILED',
      action: 'list the folder of pictures',
      path: folder,
      problem,
      hint,
      cause: error,
    });
  }
}

const NO_FOLDER = {
  problem: 'there is no such folder',
  hint: 'Put one sub-folder per class there, or name another folder as "images" in dataset.json.',
};
/** Of a folder that the one above it listed a moment ago. */
const VANISHED = {
  problem: 'it was removed while this run looked at it',
  hint: 'Run again: it takes in what changed.',
};

/** Why an entry is left out whatever the layout; undefined where it may belong to the dataset. */
function reasonToSkip({ name, kind }: Entry): string | undefined {
  if (name.startsWith('.')) return 'hidden';
  if (JUNK.has(name.toLowerCase())) return 'left behind by the system';
  if (kind === 'link') return 'a symbolic link: put the file itself there';
  if (kind === 'other') return 'no regular file';
  return undefined;
}
