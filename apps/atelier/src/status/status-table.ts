import { printable } from '@atelier/core';
import { plainTable } from '../plain-table.js';
import type { Quarantined } from './quarantined-files.js';
import type { StageStatus } from './stage-status.js';

/** As many names as a reason brings along; more are only counted. */
const EXAMPLES = 3;

/** `status` for people: a line per stage. */
export async function statusTable(found: readonly StageStatus[]): Promise<string> {
  const rows = found.map((status) => [
    status.stage,
    `${status.folder}/`,
    status.state,
    status.items === null ? '' : String(status.items),
    status.quarantined === null ? '' : String(status.quarantined),
    whyLines(status).map(printable).join('\n'),
  ]);
  return plainTable(['stage', 'folder', 'state', 'items', 'quarantine', 'why'], rows);
}

/**
 * `status --quarantine` for people: file, stage, reason and remedy.
 * @param columns the width of the terminal; without it a line is as long as its texts
 */
export async function quarantineTable(files: readonly Quarantined[], columns?: number): Promise<string> {
  if (files.length === 0) return 'nothing is in quarantine';
  const rows = files.map(({ stage, path, reason, remedy, committed }) =>
    [path, committed ? stage : `${stage} (not committed)`, reason, remedy].map(printable),
  );
  return plainTable(['file', 'stage', 'what is wrong', 'what to do'], rows, columns);
}

/** Why a stage stands as it does; none for a fresh one. */
export function whyLines({ state, waitsFor, next, noun, problem }: StageStatus): string[] {
  const waits = waitsFor.length > 0 ? [`after ${waitsFor.join(', ')}`] : [];
  if (problem !== null) return [problem];
  if (state === 'never run') {
    const made = waits.length > 0 || next === null ? [] : [`${count(next.done, noun)} to make`];
    return [...made, ...resumedLine(next), ...waits];
  }
  const reasons = (next?.reasons ?? []).map(({ reason, count, examples }) =>
    count <= EXAMPLES ? `${count} ${reason} (${examples.join(', ')})` : `${count} ${reason}`,
  );
  const removed = next !== null && next.removed > 0 ? [`${next.removed} no longer wanted`] : [];
  const cutOff = next?.completed === true ? ['a commit that was cut off, which the next run completes'] : [];
  return [...cutOff, ...reasons, ...resumedLine(next), ...removed, ...waits];
}

const resumedLine = (next: StageStatus['next']) =>
  next !== null && next.resumed > 0 ? [`${next.resumed} finished by an interrupted run`] : [];

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
