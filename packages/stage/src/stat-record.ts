import { lstatSync, readFileSync, statSync, type Stats } from 'node:fs';
import { resolve } from 'node:path';
import { digestFile, writeFileAtomic } from '@atelier/artifacts';
import { AtelierError, canonicalJson, type Json } from '@atelier/core';
import pMap from 'p-map';

/** Size in bytes, mtime in ms, SHA-256. */
type Entry = readonly [sizeBytes: number, mtimeMs: number, sha256: string];

/**
 * What the fast check relies on: the size and the modification time that each file had when its digest was
 * taken. A file with both unchanged counts as unchanged; anything else is digested again. It is a record of
 * this machine, no artifact: losing it costs time, never correctness.
 */
export interface StatRecord {
  /**
   * The SHA-256 of each file; reads only those whose size or mtime are not as recorded.
   * @throws AtelierError INPUT_MISSING, INPUT_CHANGED for a file that is removed or does not come to rest meanwhile
   */
  digests(paths: readonly string[]): Promise<Map<string, string>>;
  /** How an output of the given size and digest stands: `unsure` where its mtime tells nothing. */
  check(
    path: string,
    expected: { sizeBytes: number; sha256: string },
  ): 'intact' | 'missing' | 'altered' | 'unsure';
  /** Takes the present size and mtime of a file whose digest is known. */
  remember(path: string, sha256: string): void;
  /** What {@link StatRecord.save} was given last, if every file of the record is still as it was then. */
  unbrokenSeal(): Json | undefined;
  /** Writes what was seen since it was opened, under a seal. */
  save(seal: Json): Promise<void>;
}

/** Files that are digested at once. */
const READERS = 8;
/** How often a file is read that is written to meanwhile. */
const ATTEMPTS = 3;

/**
 * Opens the record of a stage. Paths are relative to `root` (or absolute), so that a dataset may be moved.
 * @param file where the record is kept
 * @param options trust: false digests every file anew (`--verify`)
 */
export async function openStatRecord(
  file: string,
  { root, trust = true }: { root: string; trust?: boolean },
): Promise<StatRecord> {
  const { seal, entries: known } = trust ? load(file) : NOTHING;
  const seen = new Map<string, Entry>();
  const look = (path: string) => statSync(resolve(root, path), { throwIfNoEntry: false });
  /** A link is no file that a stage wrote, whatever it leads to. */
  const lookAtItself = (path: string) => lstatSync(resolve(root, path), { throwIfNoEntry: false });
  const recall = (path: string, found: Stats): string | undefined => {
    const entry = seen.get(path) ?? known.get(path);
    if (entry === undefined || entry[0] !== found.size || entry[1] !== found.mtimeMs) return undefined;
    seen.set(path, entry);
    return entry[2];
  };
  const read = async (path: string): Promise<string> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const before = look(path);
      const { sha256 } = await digestStanding(resolve(root, path));
      const after = look(path);
      if (after === undefined || after.size !== before?.size || after.mtimeMs !== before.mtimeMs) continue;
      seen.set(path, [after.size, after.mtimeMs, sha256]);
      return sha256;
    }
    throw changingError(resolve(root, path));
  };
  return {
    async digests(paths) {
      const digests = new Map<string, string>();
      const unknown: string[] = [];
      for (const path of paths) {
        const found = look(path);
        const recalled = found && recall(path, found);
        if (recalled === undefined) unknown.push(path);
        else digests.set(path, recalled);
      }
      await pMap(unknown, async (path) => digests.set(path, await read(path)), { concurrency: READERS });
      return digests;
    },
    check(path, expected) {
      const found = lookAtItself(path);
      if (found === undefined || !found.isFile()) return 'missing';
      if (found.size !== expected.sizeBytes) return 'altered';
      const recalled = recall(path, found);
      if (recalled === undefined) return 'unsure';
      return recalled === expected.sha256 ? 'intact' : 'altered';
    },
    remember(path, sha256) {
      const found = statSync(resolve(root, path));
      seen.set(path, [found.size, found.mtimeMs, sha256]);
    },
    unbrokenSeal() {
      if (seal === undefined) return undefined;
      for (const path of known.keys()) {
        const found = lookAtItself(path);
        if (found === undefined || recall(path, found) === undefined) return undefined;
      }
      return seal;
    },
    async save(nextSeal) {
      const same = seen.size === known.size && [...seen].every(([path, entry]) => known.get(path) === entry);
      if (same && canonicalJson(nextSeal) === canonicalJson(seal ?? null)) return;
      const lines = [...seen].map(([path, entry]) => JSON.stringify([path, ...entry]));
      // not durable: a record that a power cut leaves empty is as good as none
      await writeFileAtomic(file, [JSON.stringify(nextSeal), ...lines, ''].join('\n'), { durable: false });
    },
  };
}

/** The digest of a file that was there a moment ago. */
async function digestStanding(path: string): Promise<{ sha256: string }> {
  try {
    return await digestFile(path);
  } catch (error) {
    if (!(error instanceof AtelierError) || error.code !== 'ARTIFACT_MISSING') throw error;
    throw new AtelierError({
      code: 'INPUT_MISSING',
      action: 'read',
      path,
      problem: 'it was removed while this run looked at it',
      hint: 'Run again: it takes in what changed.',
      cause: error,
    });
  }
}

function changingError(path: string): AtelierError {
  return new AtelierError({
    code: 'INPUT_CHANGED',
    action: 'read',
    path,
    problem: 'something writes to it all the time',
    hint: 'Run again when it is finished.',
  });
}

interface Loaded {
  readonly seal: Json | undefined;
  readonly entries: ReadonlyMap<string, Entry>;
}

const NOTHING: Loaded = { seal: undefined, entries: new Map() };

/** The record of the run before; an absent or unreadable one is as good as none, since it only saves time. */
function load(file: string): Loaded {
  try {
    const [first, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
    const entries = new Map<string, Entry>();
    for (const line of lines) {
      const [path, size, mtimeMs, sha256] = JSON.parse(line) as [string, number, number, string];
      entries.set(path, [size, mtimeMs, sha256]);
    }
    return { seal: JSON.parse(first as string) as Json, entries };
  } catch {
    return NOTHING;
  }
}
