import {
  AtelierError,
  randomStream,
  sampleId,
  type DatasetConfig,
  type Json,
  type Split,
} from '@atelier/core';
import { codec, decodeJpeg, encodeJpeg } from '@atelier/image';
import type { Manifest, ManifestItem, ManifestOutput } from '@atelier/artifacts';
import type { Outcome, PlannedItem, ProcessContext, Stage } from '@atelier/stage';
import { createTransformer, sampleAugment, untransformed, type Transformer } from '@atelier/transform';

type Config = {
  codec: string;
  seed: number;
  resize: { quality: number };
  augment: DatasetConfig['augment'];
};

/** Where the resized pictures lie, and the extension that the variants' numbers come before. */
const RESIZED = /^resized_images\/(.+)\.jpg$/su;

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

  config: ({ seed, resize, augment }) => ({ codec, seed, resize: { quality: resize.quality }, augment }),

  async plan({ upstream, config }) {
    const { resize, split } = upstream as { resize: Manifest; split: Manifest };
    const { imagesPerSource: _count, splits: _splits, ...transforms } = config.augment;
    const settings = { codec, seed: config.seed, resize: config.resize, augment: transforms };
    const assigned = [...split.items.values()].filter((item) => item.params !== undefined);
    const items = assigned.flatMap((assignment) =>
      variants(assignment, config).map((variant) =>
        variantItem({ assignment, variant, file: resizedFile(resize, assignment.id), settings }),
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

/** The resized picture of a source that has been assigned to a split. */
function resizedFile(resize: Manifest, sourceId: string): ManifestOutput {
  const file = resize.items.get(sourceId)?.outputs[0];
  if (file !== undefined) return file;
  throw new AtelierError({
    code: 'INPUT_CHANGED',
    action: 'augment the picture',
    path: sourceId,
    problem: 'it is assigned to a split, and the stage resize has no such picture any more',
    hint: 'Run all stages in their order with "npx atelier preprocess".',
  });
}

function variantItem(wanted: {
  assignment: ManifestItem;
  variant: number;
  file: ManifestOutput;
  settings: Json;
}): PlannedItem {
  const { assignment, variant, file, settings } = wanted;
  const [, name] = RESIZED.exec(file.path) as unknown as [string, string];
  const { className, split } = assignment.params as { className: string; split: Split };
  return {
    id: sampleId(assignment.id, variant),
    inputs: { [file.path]: file.sha256 },
    settings: variant === 0 ? null : settings,
    params: { className, sourceId: assignment.id, split, variant },
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
