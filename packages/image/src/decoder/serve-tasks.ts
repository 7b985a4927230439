import { AtelierError, messageOf } from '@atelier/core/errors';
import type { performTask } from './perform-task.js';
import type { CarriedError, DecoderMessage, DecoderRequest } from './protocol.js';

/** How often the memory of a busy process is looked at. */
const LOOK_MS = 50;

/**
 * Ends this process at once when the channel to its pool is closed, as it is however the pool's own process ends, whatever
 * a decoder's thread may be doing. Signals of the terminal are the pool's affair.
 */
export function endWithPool(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
}

/**
 * Makes this process one of a pool's: it does what it is asked until the channel to the pool is closed.
 * @param perform what is done with each task
 */
export function serveTasks(perform: typeof performTask): void {
  const busy = new Map<number, number>();
  let watch: NodeJS.Timeout | undefined;
  const look = () => {
    const residentBytes = process.memoryUsage.rss();
    if (residentBytes > Math.max(...busy.values())) say({ kind: 'memory', residentBytes });
  };
  const answer = async ({ id, task }: DecoderRequest) => {
    busy.set(id, task.limits.maxMemoryBytes);
    watch ??= setInterval(look, LOOK_MS);
    try {
      const result = await perform(task);
      say({ kind: 'done', id, result });
    } catch (error) {
      say({ kind: 'failed', id, error: carried(error) });
    }
    busy.delete(id);
    if (busy.size > 0) return;
    clearInterval(watch);
    watch = undefined;
  };
  process.on('message', (request: DecoderRequest) => void answer(request));
  say({ kind: 'ready' });
}

function say(message: DecoderMessage): void {
  if (process.connected) process.send?.(message);
}

function carried(error: unknown): CarriedError {
  const message = messageOf(error);
  const stack = error instanceof Error ? error.stack : undefined;
  const fields = error instanceof AtelierError ? error.toJSON() : undefined;
  return { message, ...(fields && { fields }), ...(stack !== undefined && { stack }) };
}
