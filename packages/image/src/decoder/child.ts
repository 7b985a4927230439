import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { DecoderMessage, DecoderRequest } from './protocol.js';

/** A process of a pool, as the pool sees it. */
export interface Child {
  send(request: DecoderRequest): void;
  /** Ends it at once; `onExit` follows. */
  kill(): void;
  /** Whether this program waits for it before it ends. */
  hold(on: boolean): void;
}

/** What a pool wants to know of a process. */
export interface ChildEvents {
  onMessage(message: DecoderMessage): void;
  /** @param how "SIGSEGV" or "exit code 1", and what it wrote last */
  onExit(how: string): void;
}

/** How much of what a process writes to stderr is kept. */
const STDERR_TAIL = 2000;

/**
 * Starts a decoder process.
 * @param program a module that calls serveTasks
 * @param threads of the process's thread pool
 */
export function startChild(
  { program, threads }: { program: URL; threads: number },
  events: ChildEvents,
): Child {
  const child = fork(fileURLToPath(program), [], {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, UV_THREADPOOL_SIZE: String(threads) },
  });
  let written = '';
  let ended = false;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    written = (written + text).slice(-STDERR_TAIL);
  });
  const end = (how: string) => {
    if (ended) return;
    ended = true;
    events.onExit(written.trim() === '' ? how : `${how}: ${written.trim()}`);
  };
  child.on('message', (message) => events.onMessage(message as DecoderMessage));
  child.on('error', (error) => {
    child.kill('SIGKILL');
    end(error.message);
  });
  child.on('close', (code, signal) => end(signal ?? `exit code ${code}`));
  return {
    send: (request) => child.send(request, () => undefined), // to one that has just died: its end is told by onExit
    kill: () => child.kill('SIGKILL'),
    hold: (on) => setHold(child, on),
  };
}

function setHold(child: ChildProcess, on: boolean): void {
  const { channel, stderr } = child;
  const pipe = stderr as (typeof stderr & { ref?(): void; unref?(): void }) | null;
  if (on) {
    child.ref();
    channel?.ref();
    pipe?.ref?.();
  } else {
    child.unref();
    channel?.unref();
    pipe?.unref?.();
  }
}
