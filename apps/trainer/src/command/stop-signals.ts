/** Ctrl-C and SIGTERM as an AbortSignal. */
export interface StopSignals {
  readonly signal: AbortSignal;
  /** 130 after Ctrl-C, 143 after SIGTERM, as shells count; null where neither came. */
  exitCode(): number | null;
  /** Back to Node's own handling. */
  release(): void;
}

/** One Ctrl-C may arrive twice: from the terminal and from the program that started this one. */
const SAME_SIGNAL_MS = 1_000;

/** Listens until released. Who insists, later on, ends the process at once: what was saved is whole. */
export function stopSignals(): StopSignals {
  const controller = new AbortController();
  let exitCode: number | null = null;
  let firstAt = 0;
  const on = (code: number) => () => {
    if (exitCode !== null && performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(exitCode);
    if (exitCode === null) firstAt = performance.now();
    exitCode ??= code;
    controller.abort();
  };
  const onInterrupt = on(130);
  const onTerminate = on(143);
  process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate);
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    release: () => void process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate),
  };
}
