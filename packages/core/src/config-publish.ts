import { z } from 'zod';

/** The formats in which a dataset is published, in the order in which people are told of them. */
export const PUBLISH_FORMATS = ['parquet', 'imagefolder', 'webdataset', 'tfrecord', 'npz', 'arrow'] as const;

/** The name of a format in which a dataset is published. */
export type PublishFormat = (typeof PUBLISH_FORMATS)[number];

/** How a dataset is published; the names are those of Hugging Face's dataset card and of Croissant. */
export const publishSchema = z
  .strictObject({
    formats: z
      .array(z.enum(PUBLISH_FORMATS))
      .min(1)
      .default([...PUBLISH_FORMATS])
      .describe('Each becomes a folder of its own below published/.'),
    pictures: z
      .enum(['resized', 'augmented'])
      .default('resized')
      .describe('Every picture once, as resize left it; or with the variants that augment made.'),
    maxShardBytes: z
      .int()
      .min(1024)
      .max(2 ** 31 - 1)
      .default(256 * 1024 * 1024)
      .describe('About how large a shard may become, in bytes of pictures.'),
    name: z
      .string()
      .min(1)
      .default('Untitled pictures')
      .describe('What people call the dataset: the title of its card.'),
    description: z.string().nullable().default(null).describe('What it is, in a few sentences.'),
    license: z.string().min(1).nullable().default(null).describe('An SPDX identifier, such as cc0-1.0.'),
    creators: z.array(z.string().min(1)).default([]).describe('Who made it, by name.'),
    homepage: z.url().nullable().default(null).describe('Where to read more.'),
    datePublished: z.iso.date().nullable().default(null).describe('YYYY-MM-DD.'),
    citation: z.string().min(1).nullable().default(null).describe('How to cite it, as BibTeX.'),
    version: z
      .string()
      .regex(/^\d+\.\d+\.\d+$/)
      .default('1.0.0')
      .describe('MAJOR.MINOR.PATCH.'),
  })
  .describe('What "atelier publish" writes.');
