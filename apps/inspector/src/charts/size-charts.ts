import * as Plot from '@observablehq/plot';
import { PLAIN, SPLIT_COLOURS, type Chart } from './chart.js';

/** How large a picture is. */
export interface PictureSize {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly split: string;
  readonly className: string;
}

/** A bin of a histogram; both bounds are values, the bins are equally wide on a logarithmic scale. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Width against height of the source pictures, in pixels, a dot each. */
export function sizeChart(sizes: readonly PictureSize[], pictures: number): Chart {
  const splits = Object.keys(SPLIT_COLOURS).filter((split) => sizes.some((size) => size.split === split));
  const part = sizes.length < pictures ? `, of which ${sizes.length}, evenly spread, are drawn` : '';
  return {
    name: 'picture-sizes',
    title: 'Size',
    description: `Width and height in pixels of ${pictures} pictures${part}.`,
    rows: sizes.map(({ id, className, split, width, height }) => ({
      path: id,
      class: className,
      split,
      width_px: width,
      height_px: height,
    })),
    options: (width) => ({
      ...PLAIN,
      height: Math.min(420, Math.max(260, width * 0.7)),
      grid: true,
      marginLeft: 52,
      x: { label: 'width (pixels)', zero: true },
      y: { label: 'height (pixels)', zero: true },
      color: {
        domain: splits,
        range: splits.map((split) => SPLIT_COLOURS[split as keyof typeof SPLIT_COLOURS]),
        legend: splits.length > 1,
      },
      marks: [
        Plot.dot(sizes, {
          x: 'width',
          y: 'height',
          fill: 'split',
          fillOpacity: 0.6,
          r: 3,
          channels: { path: 'id' },
          tip: true,
        }),
      ],
    }),
  };
}

/** How many pictures have which value, on a logarithmic scale. */
export function logHistogram(of: {
  name: string;
  title: string;
  unit: string;
  label: string;
  bins: readonly Bin[];
  /** d3-format of the axis. */
  format: string;
}): Chart {
  const { name, title, unit, label, bins, format } = of;
  const total = bins.reduce((sum, bin) => sum + bin.count, 0);
  return {
    name,
    title,
    description: `Histogram of ${label} of ${total} pictures.`,
    rows: bins.map(({ from, to, count }) => ({
      [`from_${unit}`]: from,
      [`to_${unit}`]: to,
      pictures: count,
    })),
    options: () => ({
      ...PLAIN,
      height: 260,
      x: { label, type: 'log', tickFormat: format },
      y: { label: 'pictures', grid: true },
      marks: [
        Plot.rectY(bins, {
          x1: 'from',
          x2: 'to',
          y1: 0,
          y2: 'count',
          fill: SPLIT_COLOURS.train,
          insetRight: 1,
          tip: true,
        }),
        Plot.ruleY([0]),
      ],
    }),
  };
}
