import { readFile, stat } from 'node:fs/promises';
import { writeFileAtomic } from '@atelier/artifacts';
import { groupBy } from '@atelier/core';
import { appendLines, readLines } from './line-log.js';
import type { RunSummary } from './summary.js';

/** When an item was made last, and why. */
export interface Made {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly reason: string;
}

/** One run: when, and what it made for which reason. */
type Entry = readonly [at: string, reasons: readonly (readonly [reason: string, ids: readonly string[]])[]];

/** Above this the older half is let go: it tells people when and why, and nothing depends on it. */
const MAX_BYTES = 32 * 1024 * 1024;

/** Notes what a run made and why, for `atelier trace`. This machine's own, no part of the dataset. */
export async function appendHistory(
  path: string,
  { startedAt, items, resumedItems }: RunSummary,
): Promise<void> {
  const all = [...resumedItems, ...items];
  if (all.length === 0) return;
  const byReason = [...groupBy(all, (item) => item.reason)];
  const reasons = byReason.map(([reason, made]) => [reason, made.map((item) => item.id)] as const);
  await appendLines(path, [[startedAt, reasons] satisfies Entry]);
  if ((await stat(path)).size > MAX_BYTES) {
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    await writeFileAtomic(path, `${lines.slice(Math.ceil(lines.length / 2)).join('\n')}\n`);
  }
}

/** When and why each of these items was made last; an item whose making is no longer known is left out. */
export async function readHistory(path: string, ids: ReadonlySet<string>): Promise<Map<string, Made>> {
  const made = new Map<string, Made>();
  for await (const line of readLines(path)) {
    const [at, reasons] = line as Entry;
    for (const [reason, names] of reasons) {
      for (const id of names) if (ids.has(id)) made.set(id, { at, reason });
    }
  }
  return made;
}
