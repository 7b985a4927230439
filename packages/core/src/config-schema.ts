import { z } from 'zod';
import { publishSchema } from './config-publish.js';
import { trainSchema } from './config-train.js';

const probability = z.number().min(0).max(1).default(0.5).describe('How often it is applied, in [0, 1].');

const labelsSchema = z
  .strictObject({
    csv: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe(
        'A table (CSV or TSV, UTF-8, with a header) that names the class of each picture, relative to this file; ' +
          'null = the folders name it.',
      ),
    path: z
      .string()
      .min(1)
      .default('path')
      .describe("The table's column of paths, relative to the folder of pictures."),
    label: z.string().min(1).default('label').describe("The table's column of class names."),
    image: z
      .string()
      .min(1)
      .default('image')
      .describe('The column of pictures, of Parquet files that hold them.'),
    split: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe(
        "The table's column of splits (train, validation, test; an empty cell leaves it to Atelier); null = none.",
      ),
    separator: z
      .enum([',', ';', '\t', '|'])
      .nullable()
      .default(null)
      .describe("What separates the table's columns; null = what its header uses."),
    encodings: z
      .array(z.enum(['one_hot', 'integer', 'binary']))
      .default(['one_hot'])
      .describe(
        'Which label arrays are written to labels/: one_hot.npy uint8 [N, C], integer.npy int32 [N], ' +
          'binary.npy uint8 [N, ceil(log2 C)] (the class index in base 2, highest bit first).',
      ),
  })
  .describe('Where the class of each picture stands, and how it is written.');

const subsetSchema = z
  .strictObject({
    perClass: z
      .int()
      .positive()
      .nullable()
      .default(null)
      .describe(
        'At most this many pictures per class, chosen by a seeded hash of their content; null = all.',
      ),
  })
  .describe('Work on a part of the pictures; perClass 1 is the "one picture per folder" mode.');

const colour = z
  .tuple([z.int().min(0).max(255), z.int().min(0).max(255), z.int().min(0).max(255)])
  .describe('Red, green, blue, each 0-255.');

const resizeSchema = z
  .strictObject({
    width: z.int().min(1).max(16383).default(300).describe('Pixels.'),
    height: z.int().min(1).max(16383).default(300).describe('Pixels.'),
    fit: z
      .enum(['fill', 'cover', 'contain'])
      .default('fill')
      .describe('fill stretches, cover crops the overhang at the centre, contain pads with the background.'),
    kernel: z
      .enum(['nearest', 'linear', 'cubic', 'mitchell', 'lanczos2', 'lanczos3'])
      .default('lanczos3')
      .describe("sharp's resampling kernels; all but nearest are antialiased when shrinking."),
    background: colour
      .default([255, 255, 255])
      .describe('What shows through transparent pixels and pads contain.'),
    format: z.enum(['jpeg']).default('jpeg'),
    quality: z.int().min(1).max(100).default(90).describe('JPEG quality.'),
  })
  .describe('The one size that every picture is brought to.');

const splitSchema = z
  .strictObject({
    train: z.number().min(0).max(1).default(0.8),
    validation: z.number().min(0).max(1).default(0.1),
    test: z.number().min(0).max(1).default(0.1),
    groupNearDuplicates: z
      .boolean()
      .default(true)
      .describe('Keep near-duplicates (perceptual hash of the resized picture) in one split.'),
  })
  .refine((s) => Math.abs(s.train + s.validation + s.test - 1) < 1e-9, {
    error: (issue) => {
      const s = issue.input as { train: number; validation: number; test: number };
      return `the shares add up to ${s.train + s.validation + s.test}, they must add up to 1`;
    },
  })
  .describe('Shares of each class, per source picture.');

const augmentSchema = z
  .strictObject({
    imagesPerSource: z
      .int()
      .min(1)
      .max(1000)
      .default(5)
      .describe('Pictures per source, the first being the untouched original.'),
    splits: z
      .array(z.enum(['train', 'validation', 'test']))
      .default(['train'])
      .describe('Which splits are augmented; the others keep only the original.'),
    fill: z
      .enum(['reflect', 'nearest', 'constant'])
      .default('reflect')
      .describe('What shows where the transform reaches outside the picture; constant is black.'),
    flip: z
      .strictObject({
        probability,
        horizontal: z.boolean().default(true),
        vertical: z.boolean().default(true),
      })
      .prefault({}),
    rotation: z
      .strictObject({
        probability,
        maxDegrees: z.number().min(0).max(180).default(25).describe('Degrees, either way.'),
      })
      .prefault({}),
    zoom: z
      .strictObject({
        probability,
        factor: z
          .number()
          .min(0)
          .max(0.95)
          .default(0.2)
          .describe('Crops to between 1 - factor and 1 of each side.'),
      })
      .prefault({}),
    translation: z
      .strictObject({
        probability,
        x: z.number().min(0).max(1).default(0.3).describe('Fraction of the width, either way.'),
        y: z.number().min(0).max(1).default(0.3).describe('Fraction of the height, either way.'),
      })
      .prefault({}),
    contrast: z
      .strictObject({
        probability,
        max: z.number().min(0).max(1).default(0.2).describe('Factor between 1 - max and 1 + max.'),
      })
      .prefault({}),
  })
  .describe('Random transforms, in this order: flip, rotation, zoom, translation, contrast.');

const perChannel = z.tuple([z.number(), z.number(), z.number()]);

const normalizeSchema = z
  .strictObject({
    dtype: z
      .enum(['float32', 'float16', 'uint8'])
      .default('float32')
      .describe('uint8 is lossless and four times smaller; its scale stands in the shard.'),
    standardize: z
      .boolean()
      .default(false)
      .describe('Subtract the mean and divide by the standard deviation of the train split, per channel.'),
    mean: perChannel
      .nullable()
      .default(null)
      .describe("Given means (in [0, 1]) instead of the train split's."),
    std: perChannel
      .nullable()
      .default(null)
      .describe("Given standard deviations instead of the train split's."),
    npy: z.boolean().default(false).describe('Also one .npy per picture, under normalized_images/.'),
    npz: z.boolean().default(false).describe('Also one .npz per split.'),
  })
  .describe('Tensors in [0, 1], in Arrow shards per split.');

const limitsSchema = z
  .strictObject({
    maxPixels: z.int().positive().default(200_000_000).describe('Width x height of a source picture.'),
    maxSide: z.int().positive().default(65_535).describe('Pixels of its longer side.'),
    maxFrames: z
      .int()
      .positive()
      .default(1_000)
      .describe('Frames of an animation, pages of a file; only the first is used.'),
    maxPixelsPerByte: z
      .number()
      .positive()
      .default(1_000)
      .describe(
        'Pixels for each byte of its file, of pictures with more than 16 million pixels: more is a ' +
          'decompression bomb, or a header that lies.',
      ),
    maxFileBytes: z
      .int()
      .positive()
      .default(512 * 1024 * 1024)
      .describe('Bytes of a source file; a larger one is not even read.'),
    maxMemoryBytes: z
      .int()
      .positive()
      .default(2 * 1024 ** 3)
      .describe('Memory of the process that decodes a picture.'),
    timeoutMs: z
      .int()
      .positive()
      .max(2 ** 31 - 1)
      .default(60_000)
      .describe('Milliseconds in which a picture must be decoded and resized.'),
    quarantineBudget: z
      .strictObject({
        count: z.int().min(0).default(10),
        share: z.number().min(0).max(1).default(0.1),
      })
      .prefault({})
      .describe('A stage fails when more pictures than count, and more than this share, cannot be used.'),
  })
  .describe('What is refused, and how much of it is too much.');

/** The schema of `dataset.json`. Every value has a default, so `{}` is a valid file. */
export const datasetSchema = z
  .strictObject({
    $schema: z.string().optional(),
    seed: z.int().min(0).max(4294967295).default(1).describe('All random choices follow from it.'),
    images: z.string().min(1).default('images').describe('The folder of pictures, relative to this file.'),
    layout: z
      .enum(['class', 'split/class', 'imagefolder', 'parquet', 'webdataset'])
      .default('class')
      .describe(
        'What the folder of pictures is: class: <class>/…; split/class: <train, validation or test>/<class>/…; ' +
          'imagefolder: one of Hugging Face, with or without metadata tables; parquet, webdataset: files that hold ' +
          'the pictures and their labels.',
      ),
    labels: labelsSchema.prefault({}),
    classes: z
      .array(z.string().min(1))
      .nullable()
      .default(null)
      .describe(
        'A fixed list of classes in their order; null = those that are found, by Unicode code point.',
      ),
    subset: subsetSchema.prefault({}),
    resize: resizeSchema.prefault({}),
    split: splitSchema.prefault({}),
    augment: augmentSchema.prefault({}),
    normalize: normalizeSchema.prefault({}),
    train: trainSchema.prefault({}),
    publish: publishSchema.prefault({}),
    limits: limitsSchema.prefault({}),
  })
  .refine((config) => config.labels.csv === null || config.layout === 'class', {
    path: ['layout'],
    error: 'with labels.csv the folders name nothing; a table names its column of splits as labels.split',
  })
  .describe('An Atelier dataset: everything a person can set.');

/** The resolved content of `dataset.json`: every default filled in. */
export type DatasetConfig = z.output<typeof datasetSchema>;

/** The JSON Schema (draft 2020-12) of `dataset.json`, for editors; what a person may leave out is not required. */
export function datasetJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(datasetSchema, { io: 'input' }) as Record<string, unknown>;
}
