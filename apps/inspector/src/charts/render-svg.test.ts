import { channelHistogramChart, heatMapChart } from './channel-charts.js';
import { classCountsChart } from './class-counts.js';
import { renderSvg } from './render-svg.js';
import { logHistogram, sizeChart } from './size-charts.js';

const charts = {
  classes: classCountsChart([
    { className: 'a', split: 'train', pictures: 3 },
    { className: '<b>&', split: 'test', pictures: 1 },
  ]),
  sizes: sizeChart([{ id: 'a/x', width: 10, height: 20, split: 'train', className: 'a' }], 1),
  bins: logHistogram({
    name: 'bytes',
    title: 'Bytes',
    unit: 'bytes',
    label: 'bytes',
    format: '~s',
    bins: [
      { from: 1, to: 2, count: 4 },
      { from: 2, to: 4, count: 0 },
    ],
  }),
  channels: channelHistogramChart([[1, 3]], [0, 1], 'a tensor'),
  map: heatMapChart([[0, 1]], [0, 1], 'a tensor'),
};

it.each(Object.entries(charts))('%s are drawn without a browser', async (_name, chart) => {
  const svg = await renderSvg(chart, 400);
  expect(svg).toMatch(/^<svg[\s\S]*<\/svg>$/);
  expect(svg).toContain(`aria-label="${chart.title}"`);
  expect(svg).not.toContain('NaN');
});

it('draws a bar per class and split, names escaped', async () => {
  const svg = await renderSvg(charts.classes, 400);
  expect(svg.match(/<rect/g)).toHaveLength(2);
  expect(svg).toContain('&lt;b&gt;&amp;');
});

it('keeps in its rows what it draws', () => {
  expect(charts.channels.rows.map(({ share }) => share)).toEqual([0.25, 0.75]);
  expect(charts.map.rows).toEqual([
    { x: 0, y: 0, value: 0 },
    { x: 1, y: 0, value: 1 },
  ]);
});
