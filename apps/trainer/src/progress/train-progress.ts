import type { FitObserver, StepProgress } from '../fit/fit.js';
import type { EpochRecord } from '../fit/training-state.js';

/** Where progress goes: stderr, or a stand-in in tests. */
export type ProgressStream = Pick<NodeJS.WriteStream, 'write'> & { readonly isTTY?: boolean };

/** Shows a training: {@link FitObserver}, and an end. */
export interface TrainProgress extends FitObserver {
  stop(): void;
}

/** How often a line is printed where there is no terminal. */
const LINE_EVERY_MS = 5_000;

/** A bar with loss, accuracy, pictures per second and time left on a terminal; elsewhere a line every few seconds. */
export async function trainProgress(
  stream: ProgressStream,
  { epochs, now }: { epochs: number; now: () => number },
): Promise<TrainProgress> {
  const line = (text: string) => void stream.write(`${text}\n`);
  const bar = stream.isTTY === true ? await terminalBar(stream as NodeJS.WriteStream) : null;
  let printedAt = now();
  return {
    step(progress) {
      if (bar !== null) {
        bar.show(progress, epochs);
      } else if (now() - printedAt >= LINE_EVERY_MS) {
        printedAt = now();
        line(stepLine(progress, epochs));
      }
    },
    epoch(record, { isBest }) {
      bar?.clear();
      printedAt = now();
      line(epochLine(record, { epochs, isBest }));
    },
    stop: () => bar?.clear(),
  };
}

const decimal = (value: number) => value.toFixed(4);
const rate = (samples: number, durationMs: number) => Math.round((samples * 1000) / Math.max(1, durationMs));

function figures({ soFar }: StepProgress): { loss: string; accuracy: string; rate: number } {
  return {
    loss: decimal(soFar.loss / soFar.samples),
    accuracy: decimal(soFar.correct / soFar.samples),
    rate: rate(soFar.samples, soFar.durationMs),
  };
}

/** Seconds until the end of all epochs, at the speed of this one. */
function secondsLeft({ epoch, steps, soFar }: StepProgress, epochs: number): number {
  const stepsLeft = steps - soFar.step + (epochs - epoch) * steps;
  return Math.ceil((stepsLeft * soFar.durationMs) / soFar.step / 1000);
}

function stepLine(progress: StepProgress, epochs: number): string {
  const { epoch, steps, soFar } = progress;
  const shown = figures(progress);
  return (
    `epoch ${epoch}/${epochs} step ${soFar.step}/${steps} | loss ${shown.loss} | accuracy ${shown.accuracy} | ` +
    `${shown.rate} images/s | ${secondsLeft(progress, epochs)} s left`
  );
}

/** One line for a finished epoch. */
export function epochLine(
  record: EpochRecord,
  { epochs, isBest }: { epochs: number; isBest: boolean },
): string {
  const validation =
    record.valLoss === null || record.valAccuracy === null
      ? []
      : [`val loss ${decimal(record.valLoss)}`, `val accuracy ${decimal(record.valAccuracy)}`];
  return [
    `epoch ${record.epoch}/${epochs}`,
    `loss ${decimal(record.loss)}`,
    `accuracy ${decimal(record.accuracy)}`,
    ...validation,
    `${Math.round(record.imagesPerSecond)} images/s`,
    `${(record.durationMs / 1000).toFixed(1)} s${isBest ? ' | best so far' : ''}`,
  ].join(' | ');
}

async function terminalBar(stream: NodeJS.WriteStream) {
  const { default: cliProgress } = await import('cli-progress');
  const options = {
    stream,
    format:
      'epoch {epoch} {bar} {value}/{total} | loss {loss} | accuracy {accuracy} | {rate} images/s | {left} s left',
    hideCursor: false,
    clearOnComplete: true,
    barsize: 20,
  };
  let bar = new cliProgress.SingleBar(options, cliProgress.Presets.shades_classic);
  let running = false;
  return {
    show(progress: StepProgress, epochs: number) {
      const payload = {
        ...figures(progress),
        epoch: `${progress.epoch}/${epochs}`,
        left: secondsLeft(progress, epochs),
      };
      if (!running) bar.start(progress.steps, 0, payload);
      running = true;
      bar.update(progress.soFar.step, payload);
    },
    clear() {
      if (running) bar.stop();
      running = false;
      bar = new cliProgress.SingleBar(options, cliProgress.Presets.shades_classic);
    },
  };
}
