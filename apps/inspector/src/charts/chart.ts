import type { PlotOptions } from '@observablehq/plot';

/** A chart as data: what it shows, and how Observable Plot draws it. The page and the report draw the same one. */
export interface Chart {
  /** The name of the files it is saved as, without extension. */
  readonly name: string;
  readonly title: string;
  /** What it shows, in a sentence, for those who do not see it. */
  readonly description: string;
  /** What it is drawn from, a row per mark: this is what the CSV holds. Column names say the unit. */
  readonly rows: readonly Readonly<Record<string, string | number | null>>[];
  /** The drawing. @param width pixels; colours other than text and lines must suit light and dark */
  readonly options: (width: number) => PlotOptions;
}

/** Colours that tell from each other on light and dark, for those who see colours alike, too (after Okabe and Ito). */
export const PALETTE = [
  '#3b82c4',
  '#e08a00',
  '#1a9e77',
  '#cc6699',
  '#8a6fd1',
  '#b8860b',
  '#56b4e9',
  '#d55e00',
] as const;

/** The colour of each split, the same everywhere. */
export const SPLIT_COLOURS = {
  train: '#3b82c4',
  validation: '#e08a00',
  test: '#1a9e77',
  none: '#8a8f98',
} as const;

/** Settings that every chart shares. */
export const PLAIN: PlotOptions = {
  style: {
    background: 'transparent',
    fontFamily: 'system-ui, sans-serif',
    fontSize: '12px',
    overflow: 'visible',
  },
};
