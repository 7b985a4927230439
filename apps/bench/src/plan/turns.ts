import type { Settings } from './settings.js';
import type { Task } from './tasks.js';

/** One contender's time to run, while all others wait. */
export interface Turn {
  /** From 0. */
  readonly round: number;
  /** Place among the task's contenders. */
  readonly contender: number;
  /** Units to run; the first `lead` of them are not counted. */
  readonly count: number;
  readonly lead: number;
}

/** The turns of a task in their order, A B C, A B C, …: what disturbs the machine for a while disturbs all alike. */
export function turnsOf(task: Task, { steps, rounds }: Pick<Settings, 'steps' | 'rounds'>): Turn[] {
  const counted = task.turn === 'one' ? 1 : Math.ceil(steps / rounds);
  return Array.from({ length: rounds }, (_, round) =>
    task.contenders.map((_contender, contender) => ({
      round,
      contender,
      count: task.lead + counted,
      lead: task.lead,
    })),
  ).flat();
}

/** Units of the warm-up: one where a unit is long. */
export const warmupOf = (task: Task, { warmup }: Pick<Settings, 'warmup'>): number =>
  task.turn === 'one' ? Math.min(1, warmup) : warmup;
