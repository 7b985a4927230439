import {
  artifactNames,
  randomStream,
  sampleId,
  type DatasetConfig,
  type Json,
  type Split,
} from '@atelier/core';
import { decodeJpeg, encodeJpeg } from '@atelier/image';
import type { Manifest, ManifestItem } from '@atelier/artifacts';
import type { Outcome, PlannedItem, ProcessContext, Stage } from '@atelier/stage';
import { createTransformer, sampleAugment, untransformed, type Transformer } from '@atelier/transform';

type Config = { seed: number; resize: { quality: number }; augment: DatasetConfig['augment'] };

/**
 * Stage 5. For each picture of the augmented splits, the untouched original (variant 0, copied byte for byte) and
 * random variants of it; for the other splits the original alone. Each variant is one bilinear resample of
 * flip, rotation, zoom and translation, then contrast (Pillow's ImageEnhance.Contrast); its parameters stand in
 * the manifest.
 */
export const augment: Stage<Config> = {
  name: 'augment',
  version: 1,
  noun: 'picture',
  inputs: ['resize', 'split'],

  config: ({ seed, resize, augment }) => ({ seed, resize: { quality: resize.quality }, augment }),

  async plan({ upstream, config }) {
    const { resize, split } = upstream as { resize: Manifest; split: Manifest };
    const assigned = [...split.items.values()].filter((item) => item.params !== undefined);
    const names = artifactNames(assigned.map((item) => item.id));
    const items = assigned.flatMap((assignment) =>
      variants(assignment, config).map((variant) =>
        variantItem({
          assignment,
          variant,
          picture: resize.items.get(assignment.id),
          name: names.get(assignment.id),
          config,
        }),
      ),
    );
    return { items };
  },

  async process(items, context) {
    const [[path, sha256]] = Object.entries((items[0] as PlannedItem).inputs) as [[string, string]];
    const original = await context.read(path, sha256);
    const decoded = items.some((item) => variantOf(item) > 0) ? await decodeJpeg(original) : undefined;
    const outcomes: Outcome[] = [];
    for (const item of items) {
      if (variantOf(item) === 0 || decoded === undefined) {
        const output = await context.write(item.outputs[0] as string, original);
        outcomes.push({ outputs: [output], data: { parameters: untransformed as unknown as Json } });
      } else outcomes.push(await makeVariant(item, { decoded, context }));
    }
    return outcomes;
  },
};

const variantOf = (item: PlannedItem) => item.params?.['variant'] as number;

function variants(assignment: ManifestItem, { augment }: Config): number[] {
  const augmented = augment.splits.includes(assignment.params?.['split'] as Split);
  return Array.from({ length: augmented ? augment.imagesPerSource : 1 }, (_, variant) => variant);
}

function variantItem(wanted: {
  assignment: ManifestItem;
  variant: number;
  picture: ManifestItem | undefined;
  name: string | undefined;
  config: Config;
}): PlannedItem {
  const { assignment, variant, picture, name, config } = wanted;
  const { imagesPerSource: _count, splits: _splits, ...transforms } = config.augment;
  const [file] = picture?.outputs ?? [];
  return {
    id: sampleId(assignment.id, variant),
    inputs: file === undefined ? {} : { [file.path]: file.sha256 },
    settings: variant === 0 ? null : { seed: config.seed, resize: config.resize, augment: transforms },
    params: { ...assignment.params, sourceId: assignment.id, variant },
    outputs: [`generated_images/${name}_${variant}.jpg`],
    group: assignment.id,
  };
}

async function makeVariant(
  item: PlannedItem,
  { decoded, context }: { decoded: Awaited<ReturnType<typeof decodeJpeg>>; context: ProcessContext<Config> },
): Promise<Outcome> {
  const { seed, augment, resize } = context.config;
  const { data: pixels, width, height } = decoded;
  const parameters = sampleAugment(augment, randomStream(seed, ['augment', item.id]));
  const transformer = await transformerOf(width, height);
  const out = new Uint8Array(pixels.length);
  transformer.apply({ pixels, out, parameters, fill: augment.fill, contrast: 'grey' });
  const jpeg = await encodeJpeg({ data: out, width, height }, resize.quality);
  const output = await context.write(item.outputs[0] as string, jpeg);
  return { outputs: [output], data: { parameters: parameters as unknown as Json } };
}

const transformers = new Map<string, Promise<Transformer>>();

/** One transformer per size: it keeps its memory between pictures. */
function transformerOf(width: number, height: number): Promise<Transformer> {
  const size = `${width}x${height}`;
  const known = transformers.get(size) ?? createTransformer({ width, height });
  transformers.set(size, known);
  return known;
}
