/** Ctrl-C and SIGTERM as an AbortSignal. */
export interface StopSignals {
  readonly signal: AbortSignal;
  /** 130 after Ctrl-C, 143 after SIGTERM, as shells count; null where neither came. */
  exitCode(): number | null;
  /** Back to Node's own handling. */
  release(): void;
}

/** Listens until released. A second signal of either kind ends the process at once: what was saved is whole. */
export function stopSignals(): StopSignals {
  const controller = new AbortController();
  let exitCode: number | null = null;
  const on = (code: number) => () => {
    if (exitCode !== null) process.exit(exitCode);
    exitCode = code;
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
