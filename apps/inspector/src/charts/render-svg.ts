import type { Chart } from './chart.js';

/**
 * Draws a chart without a browser.
 * @param width pixels
 * @returns one svg element, its text in the colour of what surrounds it
 */
export async function renderSvg(chart: Chart, width: number): Promise<string> {
  const [{ parseHTML }, Plot] = await Promise.all([import('linkedom'), import('@observablehq/plot')]);
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const options = chart.options(width);
  const drawn = Plot.plot({
    width,
    ...options,
    // a legend is HTML beside the drawing, or needs a canvas
    ...(options.color !== undefined && { color: { ...options.color, legend: false } }),
    document: document as never,
    ariaLabel: chart.title,
    ariaDescription: chart.description,
  }) as unknown as {
    tagName: string;
    outerHTML: string;
    querySelector(tag: string): { outerHTML: string } | null;
  };
  const svg = drawn.tagName.toLowerCase() === 'svg' ? drawn : drawn.querySelector('svg');
  return svg?.outerHTML ?? '';
}
