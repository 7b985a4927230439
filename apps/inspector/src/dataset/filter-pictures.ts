import { parseSampleId, type Split } from '@atelier/core';
import type { ArtifactStore } from './artifact-store.js';
import type { PictureStage } from './picture-files.js';

/** Which pictures are wanted; what is left out does not matter. */
export interface WantedPictures {
  readonly stage: PictureStage;
  readonly class?: string | undefined;
  readonly split?: Split | 'none' | undefined;
  readonly flag?: string | undefined;
  readonly predicted?: string | undefined;
  readonly text?: string | undefined;
}

/** A picture of a list: a source, a resized one or a variant. */
export interface ListedPicture {
  readonly id: string;
  readonly sourceId: string;
  readonly className: string;
  readonly split: Split | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly digest: string;
  readonly flags: readonly string[];
  readonly predicted: string | null;
}

/** The pictures that fit, by code point of their ids. @throws AtelierError as `store.pictures` */
export async function filterPictures(store: ArtifactStore, wanted: WantedPictures): Promise<ListedPicture[]> {
  const { rows } = await store.pictures();
  const flags = flagsOf(store);
  const predictions = (await store.predictions())?.classOf;
  const text = wanted.text?.toLowerCase();
  const sources = rows
    .map((row): ListedPicture & { quarantined: boolean } => ({
      id: row.id,
      sourceId: row.id,
      className: row.className,
      split: row.split ?? null,
      width: row.width ?? null,
      height: row.height ?? null,
      digest: row.digest,
      flags: [...(row.quarantined ? ['quarantine'] : []), ...(flags.get(row.id) ?? [])],
      predicted: predictions?.get(row.id) ?? null,
      quarantined: row.quarantined,
    }))
    .filter(
      (row) =>
        (wanted.class === undefined || row.className === wanted.class) &&
        (wanted.split === undefined || (row.split ?? 'none') === wanted.split) &&
        (wanted.flag === undefined || row.flags.includes(wanted.flag)) &&
        (wanted.predicted === undefined || row.predicted === wanted.predicted) &&
        (text === undefined || row.id.toLowerCase().includes(text)),
    );
  if (wanted.stage === 'source') return sources.map(({ quarantined: _quarantined, ...row }) => row);
  const bySource = new Map(sources.map((row) => [row.sourceId, row]));
  const stage = await store.stage(wanted.stage === 'resized' ? 'resize' : 'augment');
  if (stage.kind !== 'read') return [];
  return [...stage.index.items].flatMap(([id, { digest, quarantine }]): ListedPicture[] => {
    const sourceId =
      wanted.stage === 'resized' ? id : id.includes('#') ? parseSampleId(id).sourceId : undefined;
    const source = sourceId === undefined ? undefined : bySource.get(sourceId);
    if (source === undefined || quarantine !== undefined) return [];
    const { quarantined: _quarantined, ...row } = source;
    return [{ ...row, id, digest }];
  });
}

/** The kinds of findings that each picture is part of. */
function flagsOf(store: ArtifactStore): Map<string, string[]> {
  const flags = new Map<string, string[]>();
  for (const { kind, findings } of store.look()?.check?.sections ?? []) {
    for (const id of new Set(findings.flatMap(({ pictures }) => pictures))) {
      const known = flags.get(id);
      if (known === undefined) flags.set(id, [kind]);
      else known.push(kind);
    }
  }
  return flags;
}
