import { printable } from '@atelier/core';
import type { MetricsRecord } from './evaluate-model.js';
import type { ClassReport, Metrics } from './metrics.js';

/** Classes beyond this number get no confusion matrix on the terminal; metrics.json has it. */
const MAX_MATRIX = 12;

/** The metrics of both splits as tables for people. */
export async function metricsReport({ run, validation, test }: MetricsRecord): Promise<string> {
  const parts = [`Run ${run}`];
  for (const [split, metrics] of [
    ['validation', validation],
    ['test', test],
  ] as const) {
    parts.push(
      metrics === null
        ? `${split}: no samples, so nothing to measure (see split in dataset.json)`
        : await splitReport(split, metrics),
    );
  }
  return parts.join('\n\n');
}

async function splitReport(split: string, metrics: Metrics): Promise<string> {
  const top = Object.entries(metrics.topKAccuracy).map(([k, share]) => `top-${k} ${percent(share)}`);
  const summary = [
    `${split}: ${metrics.samples} samples`,
    `accuracy ${percent(metrics.accuracy)}`,
    ...top,
    `loss ${metrics.loss.toFixed(4)}`,
    `calibration error ${metrics.expectedCalibrationError.toFixed(3)}`,
  ];
  const tables = [await classTable(metrics)];
  if (metrics.classes.length <= MAX_MATRIX) tables.push(await confusionTable(metrics));
  return [summary.join(', '), ...tables].join('\n');
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

async function table(head: string[], rows: string[][]): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const made = new Table({
    head,
    colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  });
  made.push(...rows);
  return made.toString();
}

function classTable({ classes, macroAverage, weightedAverage }: Metrics): Promise<string> {
  const row = (name: string, report: ClassReport) => [
    printable(name),
    report.precision.toFixed(3),
    report.recall.toFixed(3),
    report.f1.toFixed(3),
    String(report.support),
  ];
  return table(
    ['class', 'precision', 'recall', 'f1', 'support'],
    [
      ...classes.map((report) => row(report.className, report)),
      row('macro average', macroAverage),
      row('weighted average', weightedAverage),
    ],
  );
}

function confusionTable({ classes, confusionMatrix }: Metrics): Promise<string> {
  return table(
    ['true \\ predicted', ...classes.map((_, i) => String(i))],
    confusionMatrix.map((row, i) => [`${i} ${printable(classes[i]?.className ?? '')}`, ...row.map(String)]),
  );
}
