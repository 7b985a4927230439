import { createInterface } from 'node:readline';
import type { ContenderOptions, Ready, Timings, TurnRequest } from '../contender/protocol.js';

/** Runs some units and says how long each took. */
export type RunTurn = (count: number) => Promise<Timings>;

/** What a mode does: builds everything, and gives what runs its turns. */
export type Mode = (options: ContenderOptions) => Promise<RunTurn>;

/** A contender's process: builds the mode that its options name, then runs turns until stdin ends. */
export async function serve(modes: Readonly<Record<string, Mode>>, versions: () => Ready['versions']) {
  const options = JSON.parse(process.argv.at(-1) as string) as ContenderOptions;
  const run = await (modes[options.mode] as Mode)(options);
  say({ ready: true, versions: { node: process.versions.node, ...versions() } });
  for await (const line of createInterface({ input: process.stdin })) {
    const { count } = JSON.parse(line) as TurnRequest;
    say(await run(count));
  }
  process.exit(0);
}

function say(answer: Ready | Timings): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** A turn that times each call of `unit`, which gives the loss or nothing. */
export function timed(unit: () => Promise<number | null> | number | null): RunTurn {
  return async (count) => {
    const durationsMs: number[] = [];
    let loss: number | null = null;
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      loss = await unit();
      durationsMs.push(performance.now() - start);
    }
    return { durationsMs, loss };
  };
}
