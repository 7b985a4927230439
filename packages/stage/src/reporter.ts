import type { SingleBar } from 'cli-progress';

/** Where a run tells what it does. Everything goes to stderr: stdout is for results. */
export interface Reporter {
  /** A line that stays. */
  line(text: string): void;
  /** Something the person should know. */
  warn(text: string): void;
  /** Opens a progress bar on a terminal, or prints a line every few seconds elsewhere. */
  progress(label: string, total: number): Promise<Progress>;
}

/** A piece of long work. */
export interface Progress {
  advance(count: number): void;
  stop(): void;
}

/** How often a line is printed where there is no terminal. */
const LINE_EVERY_MS = 5_000;

/** A reporter on stderr. */
export function stderrReporter(stream: NodeJS.WriteStream = process.stderr): Reporter {
  let bar: SingleBar | undefined;
  const line = (text: string) => {
    if (bar !== undefined && stream.isTTY) stream.write('\r\x1b[K');
    stream.write(`${text}\n`);
  };
  return {
    line,
    warn: (text) => line(`warning: ${text}`),
    async progress(label, total) {
      if (!stream.isTTY) return plainProgress(line, { label, total });
      const { default: cliProgress } = await import('cli-progress');
      const opened = new cliProgress.SingleBar(
        {
          stream,
          format: `${label} {bar} {value}/{total} | {rate}/s | {eta_formatted} left`,
          hideCursor: null as never,
          clearOnComplete: true,
        },
        cliProgress.Presets.shades_classic,
      );
      const start = performance.now();
      let done = 0;
      opened.start(total, 0, { rate: '-' });
      bar = opened;
      return {
        advance(count) {
          done += count;
          opened.update(done, { rate: Math.round(done / ((performance.now() - start) / 1000)) });
        },
        stop() {
          opened.stop();
          bar = undefined;
        },
      };
    },
  };
}

function plainProgress(
  line: (text: string) => void,
  { label, total }: { label: string; total: number },
): Progress {
  const start = performance.now();
  let done = 0;
  const timer = setInterval(() => {
    const seconds = (performance.now() - start) / 1000;
    const left = done === 0 ? '?' : Math.ceil(((total - done) * seconds) / done);
    line(`${label} ${done}/${total} | ${Math.round(done / seconds)}/s | ${left} s left`);
  }, LINE_EVERY_MS);
  timer.unref();
  return {
    advance(count) {
      done += count;
    },
    stop() {
      clearInterval(timer);
    },
  };
}

/** A reporter that keeps silent, for `--json` consumers and tests. */
export const silentReporter: Reporter = {
  line: () => undefined,
  warn: () => undefined,
  progress: () => Promise.resolve({ advance: () => undefined, stop: () => undefined }),
};
