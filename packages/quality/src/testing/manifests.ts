/** For tests only: manifests as the stages leave them, and the report on them. */
import { createHash } from 'node:crypto';
import type { Manifest, ManifestItem } from '@atelier/artifacts';
import { classNameOf, type Json } from '@atelier/core';
import type { Manifests } from '../facts.js';
import { qualityReport, type QualityReport } from '../quality-report.js';
import type { QualitySettings } from '../section.js';

/** What is to be said of a picture; the rest is as of an ordinary one that looks like no other. */
export interface Given {
  /** Two pictures of the same content have the same bytes; the id by default. */
  readonly content?: string;
  readonly dhash?: string;
  readonly detail?: number;
  /** One value for all three channels. */
  readonly mean?: number;
  /** Standard deviation of all three channels. */
  readonly deviation?: number;
  readonly format?: string;
  readonly width?: number;
  readonly height?: number;
  readonly orientation?: number;
  readonly frames?: number;
  readonly className?: string;
  readonly split?: string;
  /** The stage that could not use it. */
  readonly refusedBy?: 'ingest' | 'resize';
}

export const settings: QualitySettings = {
  resize: { width: 300, height: 300 },
  split: { groupNearDuplicates: true },
};

const digest = (content: string) => createHash('sha256').update(content).digest('hex');

const quarantine = { path: 'x', code: 'INPUT_INVALID', reason: 'it is bad', remedy: 'remove it' };

/** The manifests of four stages for these pictures; leave out those of stages that have not run. */
export function manifestsOf(
  pictures: Readonly<Record<string, Given>>,
  { classNames }: { classNames?: readonly string[] } = {},
): Manifests & { readonly ingest: Manifest; readonly resize: Manifest } {
  const all = Object.entries(pictures);
  const classOf = (id: string, given: Given) => given.className ?? classNameOf(id);
  const written = [
    ...new Set(classNames ?? all.map(([id, given]) => given.className ?? (id.split('/')[0] as string))),
  ].sort();
  const manifest = (
    stage: string,
    itemOf: (id: string, given: Given) => Partial<ManifestItem> | undefined,
    header: Readonly<Record<string, Json>> = {},
  ): Manifest => ({
    header: { stage, version: 1, config: {}, ...header },
    items: new Map(
      all.flatMap(([id, given]): [string, ManifestItem][] => {
        const item = itemOf(id, given);
        return item === undefined ? [] : [[id, { id, key: id, outputs: [], ...item }]];
      }),
    ),
  });
  const usable = ({ refusedBy }: Given) => refusedBy === undefined;
  return {
    ingest: manifest('ingest', (id, given) => sourceItem(id, { ...given, className: classOf(id, given) }), {
      classNames: written,
    }),
    resize: manifest('resize', (id, given) =>
      given.refusedBy === 'ingest'
        ? undefined
        : given.refusedBy === 'resize'
          ? { quarantine }
          : looksItem(id, given),
    ),
    labels: manifest('labels', () => undefined, {
      classes: [...new Set(written.map((name) => name.normalize('NFC')))].sort(),
    }),
    split: manifest('split', (_id, given) =>
      usable(given) ? { params: { split: given.split ?? 'train' } } : undefined,
    ),
  };
}

function sourceItem(id: string, given: Given & { className: string }): Partial<ManifestItem> {
  const { format = 'png', width = 400, height = 300, orientation = 1, frames = 1 } = given;
  return {
    inputs: { [`images/${id}`]: digest(given.content ?? id) },
    params: { className: given.className },
    ...(given.refusedBy === 'ingest'
      ? { quarantine }
      : { data: { format, width, height, orientation, frames } }),
  };
}

function looksItem(id: string, given: Given): Partial<ManifestItem> {
  const { mean = 0.5, deviation = 0.2, detail = 40, content = id } = given;
  return {
    data: {
      dhash: given.dhash ?? digest(`looks of ${content}`).slice(0, 16),
      detail,
      channelMean: [mean, mean, mean],
      channelMeanSquare: Array<number>(3).fill(deviation ** 2 + mean ** 2),
    },
  };
}

/** The report on these pictures. */
export const reportOn = (
  pictures: Readonly<Record<string, Given>>,
  options: { classNames?: readonly string[]; settings?: QualitySettings } = {},
): QualityReport => qualityReport(manifestsOf(pictures, options), options.settings ?? settings);

/** The findings of one kind, in words. */
export const found = ({ sections }: QualityReport, kind: string): string[] =>
  (sections.find((section) => section.kind === kind)?.findings ?? []).map(({ text }) => text);
