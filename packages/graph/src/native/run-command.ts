import { spawn } from 'node:child_process';

/** A program to run, with its limit. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** After this long it is killed. */
  readonly limitMs: number;
  /** Asked every half second; a text stops the program for that reason. */
  readonly stopWhen?: (elapsedMs: number) => string | undefined;
}

/** How a program ended. */
export interface CommandResult {
  readonly ok: boolean;
  /** The program does not exist. */
  readonly notFound: boolean;
  /** "exit code 1", "signal SIGILL", "stopped after 60 s": for messages. */
  readonly ending: string;
  /** The last 20,000 characters. */
  readonly stdout: string;
  /** The last 20,000 characters. */
  readonly stderr: string;
}

const KEPT = 20_000;

/** Runs a program without a shell and without a terminal; never throws for what the program does. */
export function runCommand(command: Command): Promise<CommandResult> {
  return new Promise((resolve) => {
    const { file, args, cwd, env, limitMs, stopWhen } = command;
    const started = performance.now();
    const text = { stdout: '', stderr: '' };
    let stopped: string | undefined;
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
    const watch = setInterval(() => {
      const elapsedMs = performance.now() - started;
      stopped ??=
        elapsedMs > limitMs ? `stopped after ${Math.round(limitMs / 1000)} s` : stopWhen?.(elapsedMs);
      if (stopped !== undefined) child.kill('SIGKILL');
    }, 500);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        text[name] = (text[name] + chunk).slice(-KEPT);
      });
    }
    const end = (ok: boolean, notFound: boolean, ending: string): void => {
      clearInterval(watch);
      resolve({ ok, notFound, ending: stopped ?? ending, ...text });
    };
    child.on('error', (error: NodeJS.ErrnoException) => end(false, error.code === 'ENOENT', error.message));
    child.on('close', (code, signal) => {
      end(
        code === 0 && stopped === undefined,
        false,
        signal === null ? `exit code ${code}` : `signal ${signal}`,
      );
    });
  });
}
