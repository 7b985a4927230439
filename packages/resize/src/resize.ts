import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { sourceFile, type Manifest, type ManifestItem } from '@atelier/artifacts';
import { artifactNames, compareCodePoints, type DatasetConfig } from '@atelier/core';
import {
  codec,
  sharedDecoderPool,
  type DecoderPool,
  type KnownSize,
  type PreparedFile,
} from '@atelier/image';
import { quarantineOf, type PlannedItem, type Stage } from '@atelier/stage';

type Config = {
  codec: string;
  resize: DatasetConfig['resize'];
  /** What a picture may take: no part of the keys of pictures, for it changes none that was made. */
  limits: Pick<DatasetConfig['limits'], 'maxMemoryBytes' | 'timeoutMs'>;
  /** What the subset is chosen by; left out where all pictures are taken. */
  seed?: number;
  subset?: DatasetConfig['subset'];
};

/**
 * Stage 2. Decodes every picture once, in full, and brings it to the one size: upright, sRGB, 8-bit, JPEG. What
 * cannot be decoded goes no further. Records a perceptual hash and the channel moments of each picture.
 */
export const resize: Stage<Config> = createResize(sharedDecoderPool);

/**
 * The stage with decoders of one's choice.
 * @param decoders called when the first picture is to be made: a run with nothing to do starts none
 */
export function createResize(decoders: () => DecoderPool): Stage<Config> {
  return {
    name: 'resize',
    version: 1,
    noun: 'picture',
    inputs: ['ingest'],

    config: ({ seed, resize, subset, limits }) => ({
      codec,
      resize,
      limits: { maxMemoryBytes: limits.maxMemoryBytes, timeoutMs: limits.timeoutMs },
      ...(subset.perClass !== null && { seed, subset }),
    }),

    async plan({ upstream, dataset, config }) {
      const sources = upstream.ingest as Manifest;
      const settings = { codec, resize: config.resize };
      const names = artifactNames(sources.items.keys());
      const usable = [...sources.items.values()].filter((item) => item.quarantine === undefined);
      const items = pickSubset(usable, dataset).map((source): PlannedItem => {
        const { path, sha256 } = sourceFile(source);
        return {
          id: source.id,
          inputs: { [path]: sha256 },
          settings,
          params: { className: className(source) },
          outputs: [`resized_images/${names.get(source.id)}.jpg`],
          work: source.data as KnownSize | undefined,
        };
      });
      return { items };
    },

    async process([item], { write, root, dataset, config }) {
      const { id, inputs, outputs, work } = item as PlannedItem;
      const [[name, sha256]] = Object.entries(inputs) as [[string, string]];
      // what ingest took out of a container lies in the dataset, any other source in the folder of pictures
      const path = name.startsWith('sources/') ? resolve(root, name) : resolve(root, dataset.images, id);
      const source = { path, sha256, size: work as KnownSize | undefined };
      let picture: PreparedFile;
      try {
        picture = await decoders().prepare(source, { resize: config.resize, limits: dataset.limits });
      } catch (error) {
        return [{ quarantine: quarantineOf(error, name) }];
      }
      const output = await write(outputs[0] as string, picture.jpeg);
      return [{ outputs: [output], data: { ...picture.measures } }];
    },
  };
}

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
      .update(`${seed}\n${sourceFile(source).sha256}\n${source.id}`)
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
