import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** The machine that measured, as far as it matters. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  /** Cores that other work kept busy right before the first measurement, 0 … cores. */
  readonly loadBefore: number;
}

/** Looks at the machine, for two seconds. */
export async function machineFacts(): Promise<Machine> {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    loadBefore: await busyCores(2000),
  };
}

/** How many cores were busy, in the mean of the next `ms`; the system's mean of a minute still shows what has ended. */
async function busyCores(ms: number): Promise<number> {
  const before = coreTimes();
  await sleep(ms);
  const after = coreTimes();
  const all = after.all - before.all;
  return all === 0 ? 0 : (os.cpus().length * (all - (after.idle - before.idle))) / all;
}

/** What all cores have done since the machine started, in milliseconds. */
function coreTimes(): { all: number; idle: number } {
  const times = os.cpus().map((core) => core.times);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return { all: sum(times.flatMap((core) => Object.values(core))), idle: sum(times.map(({ idle }) => idle)) };
}
