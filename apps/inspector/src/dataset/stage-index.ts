import {
  scanManifest,
  type ManifestHeader,
  type ManifestItem,
  type ManifestPlace,
  type ManifestQuarantine,
} from '@atelier/artifacts';
import type { Split } from '@atelier/core';
import type { ImageHeader } from '@atelier/image';

/** What is kept in memory of an item: the rest is read from its place when it is wanted. */
export interface IndexedItem {
  readonly place: ManifestPlace;
  readonly quarantine: ManifestQuarantine | undefined;
  /** The first 12 hex digits of its first output's SHA-256, or of its only input's. */
  readonly digest: string;
  readonly facts: ItemFacts;
}

/** What the views count, filter and draw by; each stage knows some of it. */
export interface ItemFacts {
  readonly className?: string;
  readonly split?: Split;
  readonly format?: ImageHeader['format'];
  /** Pixels, upright. */
  readonly width?: number;
  readonly height?: number;
  readonly sizeBytes?: number;
  /** Means of red, green, blue and of their squares, in [0, 1]. */
  readonly channelMean?: readonly [number, number, number];
  readonly channelMeanSquare?: readonly [number, number, number];
}

/** A manifest, counted and indexed. */
export interface StageIndex {
  /** The file that was read. */
  readonly path: string;
  readonly header: ManifestHeader;
  /** By id, in code-point order. */
  readonly items: ReadonlyMap<string, IndexedItem>;
  /** Output files and their bytes. */
  readonly files: number;
  readonly sizeBytes: number;
  readonly quarantined: number;
}

/**
 * Reads a manifest once and keeps what lists and counts need: about 200 bytes an item.
 * @returns undefined when there is none
 * @throws AtelierError READ_FAILED or MANIFEST_DAMAGED
 */
export async function indexManifest(path: string): Promise<StageIndex | undefined> {
  const items = new Map<string, IndexedItem>();
  const names = new Map<string, string>();
  const shared = <T extends string>(text: T): T =>
    (names.get(text) as T | undefined) ?? (names.set(text, text), text);
  let [files, sizeBytes, quarantined] = [0, 0, 0];
  const header = await scanManifest(path, (item, place) => {
    files += item.outputs.length;
    for (const output of item.outputs) sizeBytes += output.sizeBytes;
    if (item.quarantine !== undefined) quarantined += 1;
    items.set(item.id, {
      place,
      quarantine: item.quarantine,
      digest: digestOf(item),
      facts: factsOf(item, shared),
    });
  });
  return header === undefined ? undefined : { path, header, items, files, sizeBytes, quarantined };
}

function digestOf({ outputs, inputs = {} }: ManifestItem): string {
  return (outputs[0]?.sha256 ?? Object.values(inputs)[0] ?? '').slice(0, 12);
}

/** Strings that many items share are kept once. */
function factsOf(
  { params = {}, data = {} }: ManifestItem,
  shared: <T extends string>(text: T) => T,
): ItemFacts {
  const { className, split } = params as { className?: string; split?: Split };
  const {
    format,
    width,
    height,
    orientation = 1,
    sizeBytes,
  } = data as Record<string, number> & {
    format?: ImageHeader['format'];
  };
  const turned = orientation > 4; // EXIF orientations 5 to 8 lie on their side
  const { channelMean, channelMeanSquare } = data as Pick<ItemFacts, 'channelMean' | 'channelMeanSquare'>;
  const facts: { -readonly [name in keyof ItemFacts]: ItemFacts[name] } = {};
  if (typeof className === 'string') facts.className = shared(className);
  if (typeof split === 'string') facts.split = shared(split);
  if (format !== undefined) facts.format = shared(format);
  if (width !== undefined && height !== undefined) {
    facts.width = turned ? height : width;
    facts.height = turned ? width : height;
  }
  if (sizeBytes !== undefined) facts.sizeBytes = sizeBytes;
  if (channelMean !== undefined) facts.channelMean = channelMean;
  if (channelMeanSquare !== undefined) facts.channelMeanSquare = channelMeanSquare;
  return facts;
}
