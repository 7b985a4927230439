import type { Manifest } from '@atelier/artifacts';
import { groupBy, SPLITS, type DatasetConfig, type Split } from '@atelier/core';
import { qualityReport } from '@atelier/quality';
import type { PublishedRow } from '../plan/published-rows.js';

/** Smallest, middle and largest of some numbers; the middle is the lower one of two. */
export interface Range {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** What there is to know of a published dataset in numbers, after "Datasheets for Datasets" (Gebru et al., 2021). */
export interface Datasheet {
  readonly pictures: number;
  readonly sizeBytes: number;
  /** By index; the pictures of each split, and all. */
  readonly classes: readonly { readonly name: string; readonly pictures: SplitCounts }[];
  readonly splits: readonly {
    readonly split: Split;
    readonly pictures: number;
    /** Source pictures, without their variants. */
    readonly sources: number;
    readonly share: number;
    readonly sizeBytes: number;
  }[];
  /** How the pictures are published. */
  readonly published: {
    readonly pictures: DatasetConfig['publish']['pictures'];
    readonly width: number;
    readonly height: number;
    readonly format: 'jpeg';
    readonly quality: number;
    readonly bytes: Range;
    /** Pictures per source, of the splits that are augmented. */
    readonly variants: number;
  };
  /** What they were made from. */
  readonly sources: {
    readonly found: number;
    readonly used: number;
    /** Files that could not be used, by reason code. */
    readonly unusable: Readonly<Record<string, number>>;
    readonly formats: Readonly<Record<string, number>>;
    readonly width: Range;
    readonly height: Range;
  };
  /** What was found of duplicates and the like: how many groups or classes, and pictures in them. */
  readonly findings: readonly {
    readonly kind: string;
    readonly title: string;
    readonly findings: number;
    readonly pictures: number;
  }[];
  /** What was looked for and not found. */
  readonly clean: readonly string[];
  /** How the splits came about. */
  readonly split: DatasetConfig['split'] & { readonly seed: number };
}

/** Pictures by split, and all of them. */
export type SplitCounts = Readonly<Record<Split | 'all', number>>;

/** Counts and measures a dataset from its manifests; no picture is read. */
export function datasheet(
  rows: readonly PublishedRow[],
  from: {
    manifests: Readonly<Record<'ingest' | 'resize' | 'labels' | 'split', Manifest>>;
    dataset: DatasetConfig;
  },
): Datasheet {
  const { manifests, dataset } = from;
  const classes = manifests.labels.header['classes'] as readonly string[];
  const bySplit = groupBy(rows, (row) => row.split);
  const byClass = groupBy(rows, (row) => row.classIndex);
  const bytes = (some: readonly PublishedRow[]) => some.reduce((sum, row) => sum + row.sizeBytes, 0);
  const report = qualityReport(manifests, dataset);
  return {
    pictures: rows.length,
    sizeBytes: bytes(rows),
    classes: classes.map((name, i) => ({ name, pictures: splitCounts(byClass.get(i) ?? []) })),
    splits: SPLITS.flatMap((split) => {
      const own = bySplit.get(split) ?? [];
      if (own.length === 0) return [];
      const sources = new Set(own.map(({ sourceId }) => sourceId)).size;
      return [
        { split, pictures: own.length, sources, share: own.length / rows.length, sizeBytes: bytes(own) },
      ];
    }),
    published: {
      pictures: dataset.publish.pictures,
      width: dataset.resize.width,
      height: dataset.resize.height,
      format: 'jpeg',
      quality: dataset.resize.quality,
      bytes: range(rows.map((row) => row.sizeBytes)),
      variants: rows.reduce((most, { variant }) => Math.max(most, variant + 1), 1),
    },
    sources: sourcesOf(manifests),
    findings: report.sections.map(({ kind, title, findings }) => ({
      kind,
      title,
      findings: findings.length,
      pictures: new Set(findings.flatMap(({ pictures }) => pictures)).size,
    })),
    clean: report.clean,
    split: { ...dataset.split, seed: dataset.seed },
  };
}

function splitCounts(rows: readonly PublishedRow[]): SplitCounts {
  const count = (split: Split) => rows.filter((row) => row.split === split).length;
  return { train: count('train'), validation: count('validation'), test: count('test'), all: rows.length };
}

function sourcesOf({ ingest, resize }: { ingest: Manifest; resize: Manifest }): Datasheet['sources'] {
  const all = [...ingest.items.values()];
  const used = [...resize.items.values()].filter((item) => item.quarantine === undefined);
  const unusable = [...all, ...resize.items.values()].flatMap(({ quarantine }) => quarantine?.code ?? []);
  const facts = used.map(
    ({ id }) => ingest.items.get(id)?.data as Record<'width' | 'height', number> & { format: string },
  );
  return {
    found: all.length,
    used: used.length,
    unusable: tally(unusable),
    formats: tally(facts.map(({ format }) => format)),
    width: range(facts.map(({ width }) => width)),
    height: range(facts.map(({ height }) => height)),
  };
}

/** How often each text occurs, by code point of the texts. */
function tally(texts: readonly string[]): Record<string, number> {
  const groups = groupBy(texts, (text) => text);
  return Object.fromEntries(
    [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([text, { length }]) => [text, length]),
  );
}

function range(numbers: readonly number[]): Range {
  const sorted = Float64Array.from(numbers).sort();
  const at = (i: number) => sorted[i] ?? 0;
  return { min: at(0), median: at((sorted.length - 1) >> 1), max: at(sorted.length - 1) };
}

const thousands = (n: number) => n.toLocaleString('en-US');
const megabytes = (bytes: number) => `${thousands(Number((bytes / 1e6).toFixed(1)))} MB`;
const listed = (range: Range) =>
  `${thousands(range.min)} to ${thousands(range.max)}, median ${thousands(range.median)}`;

/** A text in a cell of a Markdown table. */
export const cell = (text: string) =>
  text.replaceAll(/[\\|`*_<>[\]&#~]/g, (character) => `\\${character}`).replaceAll(/\s+/g, ' ');

/** The datasheet for people, in Markdown. */
export function datasheetMarkdown(sheet: Datasheet): string {
  return `# Datasheet\n\n${datasheetSections(sheet)}`;
}

/** The sections of the datasheet, as dataset cards hold them too. */
export function datasheetSections(sheet: Datasheet): string {
  const { published, sources, split } = sheet;
  const unusable = Object.entries(sources.unusable).map(([code, count]) => `${thousands(count)} ${code}`);
  return `## Counts and splits

| split | pictures | source pictures | share | bytes |
| ----- | -------- | --------------- | ----- | ----- |
${sheet.splits
  .map(
    (row) =>
      `| ${row.split} | ${thousands(row.pictures)} | ${thousands(row.sources)} | ${(row.share * 100).toFixed(1)} % | ${megabytes(row.sizeBytes)} |\n`,
  )
  .join(
    '',
  )}| all | ${thousands(sheet.pictures)} | ${thousands(sources.used)} | 100.0 % | ${megabytes(sheet.sizeBytes)} |

| index | class | train | validation | test | all |
| ----- | ----- | ----- | ---------- | ---- | --- |
${sheet.classes
  .map(
    ({ name, pictures: { train, validation, test, all } }, i) =>
      `| ${i} | ${cell(name)} | ${[train, validation, test, all].map(thousands).join(' | ')} |\n`,
  )
  .join('')}
Splits are decided per source picture, stratified by class, with seed ${split.seed}${
    split.groupNearDuplicates ? '; near-duplicates stay in one split' : ''
  }. Rows are in a mixed order that is the same every time.

## Sizes

- Published: ${published.width} x ${published.height} pixels, sRGB, JPEG quality ${published.quality}; bytes per picture ${listed(published.bytes)}.
- Variants: ${
    published.pictures === 'resized'
      ? 'each source picture once'
      : `up to ${published.variants} per source picture, number 0 without a transform`
  }.
- Sources: width ${listed(sources.width)}; height ${listed(sources.height)}; ${Object.entries(sources.formats)
    .map(([format, count]) => `${thousands(count)} ${format}`)
    .join(', ')}.
- Found ${thousands(sources.found)}, used ${thousands(sources.used)}${unusable.length > 0 ? `; unusable: ${unusable.join(', ')}` : ''}.

## Duplicates and oddities

${sheet.findings.map(({ title, findings, pictures }) => `- ${title}: ${thousands(findings)}, with ${thousands(pictures)} pictures\n`).join('')}${sheet.clean.map((title) => `- ${title}: none\n`).join('')}`;
}
