import { statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { digestFile, writeFileAtomic } from '@atelier/artifacts';

/** Size in bytes, mtime in ms, SHA-256. */
type Entry = readonly [sizeBytes: number, mtimeMs: number, sha256: string];

/**
 * What the fast check relies on: the size and the modification time that each file had when its digest was
 * taken. A file with both unchanged counts as unchanged; anything else is digested again. It is a record of
 * this machine, no artifact: losing it costs time, never correctness.
 */
export interface StatRecord {
  /** The SHA-256 of a file; reads it only where size or mtime are not as recorded. */
  digest(path: string): Promise<string>;
  /** How an output of the given size and digest stands. Reads it only where its mtime is not as recorded. */
  check(
    path: string,
    expected: { sizeBytes: number; sha256: string },
  ): 'intact' | 'missing' | 'altered' | 'unsure';
  /** Takes the present size and mtime of a file whose digest is known. */
  remember(path: string, sha256: string): void;
  /** Writes what was seen since it was opened. */
  save(): Promise<void>;
}

/**
 * Opens the record of a stage. Paths are relative to `root` (or absolute), so that a dataset may be moved.
 * @param file where the record is kept
 * @param options trust: false digests every file anew (`--verify`)
 */
export async function openStatRecord(
  file: string,
  { root, trust = true }: { root: string; trust?: boolean },
): Promise<StatRecord> {
  const known = trust ? await load(file) : new Map<string, Entry>();
  const seen = new Map<string, Entry>();
  const recall = (path: string, size: number, mtimeMs: number): string | undefined => {
    const entry = seen.get(path) ?? known.get(path);
    if (entry === undefined || entry[0] !== size || entry[1] !== mtimeMs) return undefined;
    seen.set(path, entry);
    return entry[2];
  };
  return {
    async digest(path) {
      for (;;) {
        const before = await stat(resolve(root, path));
        const recalled = recall(path, before.size, before.mtimeMs);
        if (recalled !== undefined) return recalled;
        const { sha256 } = await digestFile(resolve(root, path));
        const after = await stat(resolve(root, path));
        if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) continue; // written while it was read
        seen.set(path, [after.size, after.mtimeMs, sha256]);
        return sha256;
      }
    },
    check(path, expected) {
      const found = statSync(resolve(root, path), { throwIfNoEntry: false });
      if (found === undefined || !found.isFile()) return 'missing';
      if (found.size !== expected.sizeBytes) return 'altered';
      const recalled = recall(path, found.size, found.mtimeMs);
      if (recalled === undefined) return 'unsure';
      return recalled === expected.sha256 ? 'intact' : 'altered';
    },
    remember(path, sha256) {
      const found = statSync(resolve(root, path));
      seen.set(path, [found.size, found.mtimeMs, sha256]);
    },
    async save() {
      const same = seen.size === known.size && [...seen].every(([path, entry]) => known.get(path) === entry);
      if (same) return;
      const lines = [...seen].map(([path, entry]) => JSON.stringify([path, ...entry]));
      await writeFileAtomic(file, lines.join('\n') + '\n');
    },
  };
}

/** The record of the run before; an absent or unreadable one is as good as none, since it only saves time. */
async function load(file: string): Promise<Map<string, Entry>> {
  const known = new Map<string, Entry>();
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return known;
  }
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      const [path, size, mtimeMs, sha256] = JSON.parse(line) as [string, number, number, string];
      known.set(path, [size, mtimeMs, sha256]);
    } catch {
      return new Map();
    }
  }
  return known;
}
