import { isUtf8 } from 'node:buffer';
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { AtelierError, compareCodePoints, messageOf } from '@atelier/core';

/** What lies below the folder of pictures. */
export interface Listing {
  /** The class folders as the file system names them, the empty ones too; by code point. */
  readonly classFolders: readonly string[];
  /** The paths of all files that should be pictures, "/"-separated, by code point. */
  readonly sourceIds: readonly string[];
  /** Everything else, and why it is left out. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

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
 * Lists the folder of pictures: each folder in it is a class, whatever lies below belongs to it. Symbolic
 * links are not followed.
 * @param folder absolute
 * @throws AtelierError INPUT_MISSING where there is no such folder
 */
export async function listSources(folder: string): Promise<Listing> {
  const classFolders: string[] = [];
  const sourceIds: string[] = [];
  const skipped: { path: string; reason: string }[] = [];
  const visit = async (below: string, depth: number): Promise<void> => {
    for (const entry of await listFolder(join(folder, below))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      const reason = entry.problem ?? reasonToSkip(entry, depth);
      if (reason !== undefined) skipped.push({ path, reason });
      else if (entry.kind === 'file') sourceIds.push(path);
      else {
        if (depth === 0) classFolders.push(path);
        await visit(path, depth + 1);
      }
    }
  };
  await visit('', 0);
  return {
    classFolders: classFolders.sort(compareCodePoints),
    sourceIds: sourceIds.sort(compareCodePoints),
    skipped: skipped.sort((a, b) => compareCodePoints(a.path, b.path)),
  };
}

interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly problem?: string;
}

async function listFolder(folder: string): Promise<Entry[]> {
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
    throw new AtelierError({
      code: missing ? 'INPUT_MISSING' : 'READ_FAILED',
      action: 'list the folder of pictures',
      path: folder,
      problem: missing ? 'there is no such folder' : messageOf(error),
      hint: missing
        ? 'Put one sub-folder per class there, or name another folder as "images" in dataset.json.'
        : 'Make it readable.',
      cause: error,
    });
  }
}

/** Why an entry is left out; undefined where it belongs to the dataset. */
function reasonToSkip({ name, kind }: Entry, depth: number): string | undefined {
  if (name.startsWith('.')) return 'hidden';
  if (JUNK.has(name.toLowerCase())) return 'left behind by the system';
  if (kind === 'link') return 'a symbolic link: put the file itself there';
  if (kind === 'other') return 'no regular file';
  if (kind === 'folder') return undefined;
  if (depth === 0) return 'not in a class folder';
  const extension = extname(name).slice(1).toLowerCase();
  if (extension === '' || PICTURE_EXTENSIONS.has(extension)) return undefined;
  return `not a picture by its extension .${extension}`;
}
