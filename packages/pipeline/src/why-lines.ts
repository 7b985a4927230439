import type { StageStatus } from './stage-status.js';

/** As many names as a reason brings along; more are only counted. */
const EXAMPLES = 3;

/** Why a stage stands as it does, a line each; none for a fresh one. Names are as they are: escape them. */
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
