import * as Plot from '@observablehq/plot';
import { PLAIN, SPLIT_COLOURS, type Chart } from './chart.js';

/** How many pictures a class has in a split. */
export interface ClassCount {
  readonly className: string;
  readonly split: keyof typeof SPLIT_COLOURS;
  readonly pictures: number;
}

/** Pictures of each class, a bar per class in the order of the class table, its splits stacked. */
export function classCountsChart(counts: readonly ClassCount[]): Chart {
  const classes = [...new Set(counts.map(({ className }) => className))];
  const longest = Math.max(0, ...classes.map((name) => name.length));
  const splits = Object.keys(SPLIT_COLOURS).filter((split) => counts.some((count) => count.split === split));
  return {
    name: 'class-counts',
    title: 'Pictures of each class',
    description: `Bars of ${classes.length} classes, each divided into its splits.`,
    rows: counts.map(({ className, split, pictures }) => ({ class: className, split, pictures })),
    options: () => ({
      ...PLAIN,
      marginLeft: Math.min(260, 24 + longest * 6.6),
      height: 60 + classes.length * 24,
      x: { label: 'pictures', grid: true },
      y: { label: null, domain: classes },
      color: {
        domain: splits,
        range: splits.map((split) => SPLIT_COLOURS[split as ClassCount['split']]),
        legend: true,
      },
      marks: [
        Plot.barX(counts, {
          x: 'pictures',
          y: 'className',
          fill: 'split',
          order: splits,
          insetTop: 2,
          insetBottom: 2,
          tip: true,
        }),
        Plot.ruleX([0]),
      ],
    }),
  };
}
