import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Manifest, ManifestItem } from '@atelier/artifacts';
import { artifactNames, compareCodePoints, type DatasetConfig } from '@atelier/core';
import { codec, encodeJpeg, perceptualHash, resizeImage } from '@atelier/image';
import { quarantineOf, type PlannedItem, type Stage } from '@atelier/stage';
import { channelMoments } from './channel-moments.js';

type Config = {
  codec: string;
  resize: DatasetConfig['resize'];
  /** What the subset is chosen by; left out where all pictures are taken. */
  seed?: number;
  subset?: DatasetConfig['subset'];
};

/**
 * Stage 2. Decodes every picture once, in full, and brings it to the one size: upright, sRGB, 8-bit, JPEG. What
 * cannot be decoded goes no further. Records a perceptual hash and the channel moments of each picture.
 */
export const resize: Stage<Config> = {
  name: 'resize',
  version: 1,
  noun: 'picture',
  inputs: ['ingest'],

  config: ({ seed, resize, subset }) => ({
    codec,
    resize,
    ...(subset.perClass !== null && { seed, subset }),
  }),

  async plan({ upstream, dataset, config }) {
    const sources = upstream.ingest as Manifest;
    const settings = { codec, resize: config.resize };
    const names = artifactNames(sources.items.keys());
    const usable = [...sources.items.values()].filter((item) => item.quarantine === undefined);
    const items = pickSubset(usable, dataset).map((source): PlannedItem => ({
      id: source.id,
      inputs: { ...source.inputs },
      settings,
      params: { className: className(source) },
      outputs: [`resized_images/${names.get(source.id)}.jpg`],
    }));
    return { items };
  },

  async process([item], { read, write, dataset, config }) {
    const { id, inputs, outputs } = item as PlannedItem;
    const [[name, sha256]] = Object.entries(inputs) as [[string, string]];
    const bytes = await read(join(dataset.images, id), sha256);
    let image: Awaited<ReturnType<typeof resizeImage>>;
    try {
      image = await resizeImage(bytes, { resize: config.resize, limits: dataset.limits });
    } catch (error) {
      return [{ quarantine: quarantineOf(error, name) }];
    }
    const jpeg = await encodeJpeg(image, config.resize.quality);
    const output = await write(outputs[0] as string, jpeg);
    return [{ outputs: [output], data: { ...perceptualHash(image), ...channelMoments(image.data) } }];
  },
};

const className = (source: ManifestItem) => source.params?.['className'] as string;

/** At most `subset.perClass` pictures of each class, by a seeded hash of their content. */
function pickSubset(
  sources: readonly ManifestItem[],
  { subset, seed }: DatasetConfig,
): readonly ManifestItem[] {
  const { perClass } = subset;
  if (perClass === null) return sources;
  const rank = (source: ManifestItem) =>
    createHash('sha256')
      .update(`${seed}\n${Object.values(source.inputs ?? {}).join()}\n${source.id}`)
      .digest('hex');
  const ranked = sources
    .map((source) => ({ source, rank: rank(source) }))
    .sort((a, b) => compareCodePoints(a.rank, b.rank));
  const taken = new Map<string, number>();
  const picked = ranked.filter(({ source }) => {
    const count = (taken.get(className(source)) ?? 0) + 1;
    taken.set(className(source), count);
    return count <= perClass;
  });
  return picked.map(({ source }) => source);
}
