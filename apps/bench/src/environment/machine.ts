import os from 'node:os';

/** The machine that measured, as far as it matters. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  /** Mean number of running processes of the last minute, before the first measurement; 0 where unknown. */
  readonly loadBefore: number;
}

/** Looks at the machine. */
export function machineFacts(): Machine {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    loadBefore: os.loadavg()[0] as number,
  };
}
