import type { Split } from '@atelier/core';
import type { ImageHeader } from '@atelier/image';
import type { StageIndex } from './stage-index.js';

/** A source picture, as the views list it. */
export interface PictureRow {
  /** The sourceId. */
  readonly id: string;
  readonly className: string;
  /** undefined where split has not run, or left it out. */
  readonly split: Split | undefined;
  readonly format: ImageHeader['format'] | undefined;
  /** Pixels, upright; undefined for a file that could not be read. */
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly sizeBytes: number | undefined;
  /** The first 12 hex digits of the file's SHA-256. */
  readonly digest: string;
  readonly quarantined: boolean;
}

/** All source pictures of a dataset. */
export interface PictureList {
  /** In code-point order of their ids. */
  readonly rows: readonly PictureRow[];
  readonly byId: ReadonlyMap<string, PictureRow>;
  /** The class names that occur, by code point. */
  readonly classNames: readonly string[];
}

/** Brings together what the manifests say of each source picture. */
export function listPictures(stages: {
  ingest: StageIndex;
  resize: StageIndex | undefined;
  split: StageIndex | undefined;
}): PictureList {
  const { ingest, resize, split } = stages;
  const rows = [...ingest.items].map(([id, { facts, digest, quarantine }]): PictureRow => {
    const { className = '', format, width, height, sizeBytes } = facts;
    return {
      id,
      className,
      split: split?.items.get(id)?.facts.split,
      format,
      width,
      height,
      sizeBytes,
      digest,
      quarantined: quarantine !== undefined || resize?.items.get(id)?.quarantine !== undefined,
    };
  });
  const named = (ingest.header['classNames'] as readonly string[] | undefined) ?? [];
  const classNames = [
    ...new Set([...named.map((name) => name.normalize('NFC')), ...rows.map((row) => row.className)]),
  ];
  return {
    rows,
    byId: new Map(rows.map((row) => [row.id, row])),
    classNames: classNames.filter(Boolean).sort(),
  };
}
