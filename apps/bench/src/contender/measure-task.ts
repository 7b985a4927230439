import type { Settings } from '../plan/settings.js';
import { turnsOf, warmupOf } from '../plan/turns.js';
import type { Contender, Task } from '../plan/tasks.js';
import type { ContenderProcess } from './contender-process.js';

/** What was measured of one contender. */
export interface Measured {
  readonly contender: Contender;
  readonly versions: Readonly<Record<string, string>>;
  /** The counted durations of each round, in milliseconds. */
  readonly roundsMs: readonly (readonly number[])[];
  /** The most memory its process had in use, from its start to the end of the task. */
  readonly peakMemoryBytes: number | null;
  /** The loss of its last unit. */
  readonly loss: number | null;
}

/** What was measured of a task. */
export interface MeasuredTask {
  readonly task: Task;
  readonly contenders: readonly Measured[];
  /** Turns that began while the contender before was still at work. */
  readonly disturbedTurns: number;
}

/** What measuring needs besides the task. */
export interface Measuring {
  readonly settings: Settings;
  start(contender: Contender): Promise<ContenderProcess>;
  /** A line on what goes on. */
  report(line: string): void;
}

/**
 * Measures the contenders of a task turn by turn, each in a process of its own that lasts as long as the task, so
 * that its peak memory is that of this work alone. While one has its turn the others wait for theirs.
 */
export async function measureTask(task: Task, { settings, start, report }: Measuring): Promise<MeasuredTask> {
  const running: ContenderProcess[] = [];
  try {
    for (const contender of task.contenders) running.push(await start(contender));
    const rounds: number[][][] = running.map(() => []);
    const losses: (number | null)[] = running.map(() => null);
    let disturbedTurns = 0;
    const idle = async (contender: ContenderProcess) => {
      if (!(await contender.untilIdle())) disturbedTurns++;
    };
    for (const contender of running) {
      const count = warmupOf(task, settings);
      if (count > 0) await contender.run({ count });
      await idle(contender);
    }
    for (const { round, contender, count, lead } of turnsOf(task, settings)) {
      const { durationsMs, loss } = await (running[contender] as ContenderProcess).run({ count });
      (rounds[contender] as number[][]).push(durationsMs.slice(lead));
      losses[contender] = loss;
      await idle(running[contender] as ContenderProcess);
      if (contender === running.length - 1) report(`${task.name}: round ${round + 1} of ${settings.rounds}`);
    }
    const peaks = await Promise.all(running.map((contender) => contender.peakMemoryBytes()));
    return {
      task,
      disturbedTurns,
      contenders: task.contenders.map((contender, i) => ({
        contender,
        versions: (running[i] as ContenderProcess).versions,
        roundsMs: rounds[i] as number[][],
        peakMemoryBytes: peaks[i] as number | null,
        loss: losses[i] as number | null,
      })),
    };
  } finally {
    await Promise.all(running.map((contender) => contender.close()));
  }
}
