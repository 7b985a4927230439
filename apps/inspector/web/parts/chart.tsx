import * as Plot from '@observablehq/plot';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import type { Chart } from '../../src/charts/chart.js';
import { saveFile, svgFile, toCsv } from './save.js';

/** Draws a chart as wide as there is room, with its data to read and to save. */
export function ChartFigure({ chart }: { chart: Chart }) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<Element | null>(null);
  const width = useWidth(place);
  const title = useId();
  useEffect(() => {
    if (width === 0 || place.current === null) return;
    const figure = Plot.plot({
      width,
      ...chart.options(width),
      ariaLabel: chart.title,
      ariaDescription: chart.description,
    });
    asPicture(figure);
    drawn.current = figure;
    place.current.replaceChildren(figure);
  }, [chart, width]);
  return (
    <section className="chart" aria-labelledby={title}>
      <div className="chart-head">
        <h2 id={title}>{chart.title}</h2>
        <div className="actions">
          <button
            type="button"
            onClick={() => {
              if (drawn.current !== null)
                saveFile(`${chart.name}.svg`, svgFile(drawn.current), 'image/svg+xml');
            }}
          >
            Save SVG
          </button>
          <button type="button" onClick={() => saveFile(`${chart.name}.csv`, toCsv(chart.rows), 'text/csv')}>
            Save CSV
          </button>
        </div>
      </div>
      <p className="for-readers">{chart.description}</p>
      <div ref={place} className="chart-place" />
    </section>
  );
}

/** The width of an element, pixels; 0 before it is known. */
function useWidth(ref: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(Math.floor(element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return width;
}

/** For screen readers a chart is one picture with a description: its data is in the CSV. */
function asPicture(figure: Element): void {
  const svg = figure.matches('svg') ? figure : figure.querySelector('svg[aria-label]');
  svg?.setAttribute('role', 'img');
  for (const group of figure.querySelectorAll('g[aria-label]')) group.removeAttribute('aria-label');
}
