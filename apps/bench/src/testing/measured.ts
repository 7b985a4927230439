import type { Measured, MeasuredTask } from '../contender/measure-task.js';
import { TASKS, type Task } from '../plan/tasks.js';

/** A task by its name. */
export const taskNamed = (name: string): Task => TASKS.find((task) => task.name === name) as Task;

/** A task measured in two rounds: contender i took [unit, 3 x unit] and [2 x unit], in so much memory. */
export function measuredTask(
  name: string,
  units: readonly number[],
  memory: readonly (number | null)[],
): MeasuredTask {
  const task = taskNamed(name);
  const contenders = task.contenders.map((contender, i): Measured => {
    const unit = units[i] as number;
    return {
      contender,
      versions: { node: '20.20.2' },
      roundsMs: [[unit, 3 * unit], [2 * unit]],
      peakMemoryBytes: memory[i] ?? null,
      loss: 1,
    };
  });
  return { task, contenders, disturbedTurns: 0 };
}
