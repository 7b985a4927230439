import * as Plot from '@observablehq/plot';
import { PLAIN, type Chart } from './chart.js';

/** The colour of each channel on light and dark. */
const CHANNELS = [
  { name: 'red', colour: '#d9534f' },
  { name: 'green', colour: '#2e9e5b' },
  { name: 'blue', colour: '#4c86d8' },
] as const;

/**
 * Histograms of the three channels over each other.
 * @param channels the values that each equal part of the range holds: red, green, blue
 * @param about what they are of: "the tensor", "48 of 213 tensors"
 */
export function channelHistogramChart(
  channels: readonly (readonly number[])[],
  range: readonly [number, number],
  about: string,
): Chart {
  const [low, high] = range;
  const rows = channels.flatMap((bins, c) => {
    const total = bins.reduce((sum, count) => sum + count, 0) || 1;
    const width = (high - low) / bins.length;
    return bins.map((count, i) => ({
      channel: CHANNELS[c]?.name ?? `channel ${c}`,
      from: low + i * width,
      to: low + (i + 1) * width,
      share: count / total,
    }));
  });
  return {
    name: 'channel-histograms',
    title: 'Channel histograms',
    description: `How the values of red, green and blue are spread from ${low} to ${high}, in ${about}.`,
    rows,
    options: () => ({
      ...PLAIN,
      height: 260,
      marginLeft: 48,
      x: { label: 'value', domain: [low, high] },
      y: { label: 'share of the values', tickFormat: '.0%', grid: true },
      color: {
        domain: CHANNELS.map(({ name }) => name),
        range: CHANNELS.map(({ colour }) => colour),
        legend: true,
      },
      marks: [
        Plot.areaY(rows, {
          x: (row: (typeof rows)[number]) => (row.from + row.to) / 2,
          y2: 'share',
          fill: 'channel',
          fillOpacity: 0.16,
          curve: 'step',
        }),
        Plot.lineY(rows, {
          x: (row: (typeof rows)[number]) => (row.from + row.to) / 2,
          y: 'share',
          stroke: 'channel',
          curve: 'step',
        }),
        Plot.ruleY([0]),
      ],
    }),
  };
}

/** Mean and standard deviation of the channels of a group of pictures. */
export interface ChannelRow {
  readonly group: string;
  readonly pictures: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Mean (dot) and one standard deviation to each side (line) of each channel, a row per group. */
export function channelMeansChart(groups: readonly ChannelRow[]): Chart {
  const rows = groups.flatMap(({ group, pictures, mean, std }) =>
    CHANNELS.map(({ name }, c) => ({
      group,
      pictures,
      channel: name as string,
      mean: mean[c] as number,
      std: std[c] as number,
    })),
  );
  const longest = Math.max(0, ...groups.map(({ group }) => group.length));
  type Row = (typeof rows)[number];
  const shift = (row: Row) => CHANNELS.findIndex(({ name }) => name === row.channel);
  return {
    name: 'channel-means',
    title: 'Mean and standard deviation of the channels',
    description: `Mean and standard deviation of red, green and blue in [0, 1], for ${groups.length} groups of pictures.`,
    rows,
    options: () => ({
      ...PLAIN,
      marginLeft: Math.min(260, 24 + longest * 6.6),
      height: 64 + groups.length * 34,
      x: { label: 'value in [0, 1]', grid: true, domain: [0, 1] },
      y: { label: null, domain: groups.map(({ group }) => group) },
      color: {
        domain: CHANNELS.map(({ name }) => name),
        range: CHANNELS.map(({ colour }) => colour),
        legend: true,
      },
      marks: CHANNELS.flatMap(({ name }, c) => {
        const own = rows.filter((row) => shift(row) === c);
        const dy = (c - 1) * 7;
        return [
          Plot.ruleY(own, {
            y: 'group',
            x1: (row: Row) => Math.max(0, row.mean - row.std),
            x2: (row: Row) => Math.min(1, row.mean + row.std),
            stroke: () => name,
            strokeOpacity: 0.55,
            dy,
          }),
          Plot.dot(own, { y: 'group', x: 'mean', fill: 'channel', r: 3.5, dy, tip: true }),
        ];
      }),
    }),
  };
}

/**
 * A tensor as a heat map: one square per block of pixels.
 * @param map means over blocks, row by row
 */
export function heatMapChart(
  map: readonly (readonly number[])[],
  range: readonly [number, number],
  about: string,
): Chart {
  const rows = map.flatMap((line, y) => line.map((value, x) => ({ x, y, value })));
  const columns = map[0]?.length ?? 1;
  return {
    name: 'tensor',
    title: 'Heat map',
    description: `The tensor ${about} as ${map.length} by ${columns} blocks of pixels, each coloured by its mean.`,
    rows,
    options: (width) => {
      const side = Math.min(width, 420);
      const height = (side * map.length) / columns;
      return {
        ...PLAIN,
        width: side,
        height: height + 10,
        margin: 4,
        marginLeft: 4,
        x: { axis: null, domain: [0, columns] },
        y: { axis: null, domain: [map.length, 0] },
        color: { scheme: 'viridis', domain: [...range], legend: true, label: 'value' },
        marks: [
          Plot.rect(rows, {
            x1: 'x',
            x2: (row: (typeof rows)[number]) => row.x + 1,
            y1: 'y',
            y2: (row: (typeof rows)[number]) => row.y + 1,
            fill: 'value',
            shapeRendering: 'crispEdges',
          }),
        ],
      };
    },
  };
}

/** The one-hot row of a picture: a cell per class. */
export function oneHotChart(classes: readonly string[], row: readonly number[]): Chart {
  const rows = classes.map((name, index) => ({ index, class: name, value: row[index] ?? 0 }));
  const longest = Math.max(0, ...classes.map((name) => name.length));
  return {
    name: 'one-hot',
    title: 'One-hot row',
    description: `Its row of one_hot.npy: ${classes.length} classes, 1 for ${rows.find(({ value }) => value === 1)?.class ?? 'none'}.`,
    rows,
    options: () => ({
      ...PLAIN,
      marginLeft: Math.min(260, 24 + longest * 6.6),
      height: 40 + rows.length * 20,
      x: { label: null, domain: [0, 1], ticks: [0, 1], tickFormat: 'd' },
      y: { label: null, domain: classes },
      marks: [
        Plot.barX(rows, { x: 'value', y: 'class', fill: '#3b82c4', insetTop: 3, insetBottom: 3 }),
        Plot.ruleX([0]),
      ],
    }),
  };
}
