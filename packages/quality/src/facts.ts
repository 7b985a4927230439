import { sourceFile, type Manifest, type ManifestItem } from '@atelier/artifacts';
import { classTable, type Split, type StageName } from '@atelier/core';

/** A picture that can be used, and what the stages found out about it. */
export interface Picture {
  /** The sourceId. */
  readonly id: string;
  readonly className: string;
  /** Digest of the source file's bytes. */
  readonly sha256: string;
  /** By content, as sharp names it: jpeg, png, … */
  readonly format: string;
  /** Pixels, upright. */
  readonly width: number;
  readonly height: number;
  /** Frames of an animation, pages of a file; 1 of a still. */
  readonly frames: number;
  /** Known once resize has run. */
  readonly looks: Looks | undefined;
  /** Known once split has run. */
  readonly split: Split | undefined;
}

/** What a resized picture looks like. */
export interface Looks {
  /** The difference hash: 64 bits as 16 hex digits. */
  readonly dhash: string;
  /** How much there is to see, 0-127.5; see `perceptualHash` of @atelier/image. */
  readonly detail: number;
  /** Mean of red, green, blue, in [0, 1]. */
  readonly channelMean: readonly [number, number, number];
  /** Mean of the squares of red, green, blue, in [0, 1]. */
  readonly channelMeanSquare: readonly [number, number, number];
}

/** All that the looks look at. */
export interface Facts {
  /** By code point of their ids. */
  readonly pictures: readonly Picture[];
  /** The class table. */
  readonly classes: readonly string[];
  /** The classes as folders or the table of labels write them, in whatever Unicode normal form. */
  readonly writtenNames: readonly string[];
  readonly quarantined: number;
  readonly notRun: readonly StageName[];
}

/** The manifests that the facts come from, as far as their stages have run. */
export type Manifests = { readonly [stage in (typeof STAGES_READ)[number]]?: Manifest | undefined };

/** The stages whose manifests are read. */
export const STAGES_READ = ['ingest', 'resize', 'labels', 'split'] as const satisfies readonly StageName[];

/** Brings together what the manifests say of each picture. */
export function gatherFacts({
  ingest,
  resize,
  labels,
  split,
}: Manifests & { readonly ingest: Manifest }): Facts {
  const writtenNames = ingest.header['classNames'] as readonly string[];
  const usable = [...ingest.items.values()].filter(({ id, quarantine }) => {
    const resized = resize?.items.get(id);
    return quarantine === undefined && (resize === undefined || isUsable(resized));
  });
  const inQuarantine = (manifest: Manifest | undefined) =>
    [...(manifest?.items.values() ?? [])].filter(({ quarantine }) => quarantine !== undefined).length;
  const run = { ingest, resize, labels, split };
  return {
    pictures: usable.map((item) => picture(item, { resize, split })),
    classes: (labels?.header['classes'] as readonly string[] | undefined) ?? classTable(writtenNames),
    writtenNames,
    quarantined: inQuarantine(ingest) + inQuarantine(resize),
    notRun: STAGES_READ.filter((stage) => run[stage] === undefined),
  };
}

const isUsable = (item: ManifestItem | undefined) => item !== undefined && item.quarantine === undefined;

function picture(
  { id, inputs, outputs, params, data }: ManifestItem,
  { resize, split }: Pick<Manifests, 'resize' | 'split'>,
): Picture {
  const { format, width, height, orientation, frames } = data as {
    format: string;
    width: number;
    height: number;
    orientation: number;
    frames: number;
  };
  const turned = orientation > 4; // EXIF orientations 5 to 8 lie on their side
  return {
    id,
    className: params?.['className'] as string,
    sha256: sourceFile({ inputs, outputs }).sha256,
    format,
    width: turned ? height : width,
    height: turned ? width : height,
    frames,
    looks: resize?.items.get(id)?.data as Looks | undefined,
    split: split?.items.get(id)?.params?.['split'] as Split | undefined,
  };
}
