import { SPLITS } from '@atelier/core';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { ArtifactStore } from '../dataset/artifact-store.js';
import { PICTURE_STAGES } from '../dataset/picture-files.js';
import { filterPictures, type ListedPicture } from '../dataset/filter-pictures.js';
import { failures, type Routes } from '../server/api.js';

const filters = z.object({
  stage: z.enum(PICTURE_STAGES).default('source'),
  class: z.string().max(1024).optional(),
  split: z.enum([...SPLITS, 'none']).optional(),
  flag: z.string().max(64).optional().describe('"quarantine", or a kind of finding of "atelier check".'),
  predicted: z.string().max(1024).optional().describe('The class that the newest model predicts.'),
  text: z.string().max(256).optional().describe('A part of the path; capitals do not matter.'),
});

/** Which pictures a list shows. */
export type PictureFilters = z.infer<typeof filters>;

const listedPicture = z.object({
  id: z.string().describe('A sourceId, or for generated pictures a sampleId.'),
  sourceId: z.string(),
  className: z.string(),
  split: z.enum(SPLITS).nullable(),
  width: z.number().nullable(),
  height: z.number().nullable(),
  digest: z.string(),
  flags: z.array(z.string()),
  predicted: z.string().nullable(),
});

/** A part of a list of pictures. */
export const picturePage = z.object({ total: z.number(), offset: z.number(), items: z.array(listedPicture) });

/** A part of a list of pictures. */
export type PicturePage = z.infer<typeof picturePage>;

const option = z.object({ value: z.string(), count: z.number() });

/** What a list of pictures can be filtered by. */
export const pictureFacets = z.object({
  total: z.number(),
  classes: z.array(option),
  splits: z.array(option),
  flags: z.array(option.extend({ title: z.string() })),
  predicted: z.array(option),
  checking: z.boolean().describe('Flags are still being found out.'),
});

/** What a list of pictures can be filtered by. */
export type PictureFacets = z.infer<typeof pictureFacets>;

/** The list of pictures. */
export const pictureRoutes: Routes = (app, { store }) => {
  const lists = new LRUCache<string, readonly ListedPicture[]>({ max: 4 });
  app.get(
    '/api/pictures',
    {
      schema: {
        summary: 'Pictures that fit the filters, by code point of their paths',
        querystring: filters.extend({
          offset: z.coerce.number().int().min(0).default(0),
          limit: z.coerce.number().int().min(1).max(500).default(200),
        }),
        response: { 200: picturePage, ...failures },
      },
    },
    async ({ query: { offset, limit, ...wanted } }): Promise<PicturePage> => {
      const key = JSON.stringify(wanted);
      // pages of one list belong together: the list is made anew when its first page is asked for
      const list = (offset > 0 ? lists.get(key) : undefined) ?? (await filterPictures(store, wanted));
      lists.set(key, list);
      return {
        total: list.length,
        offset,
        items: list.slice(offset, offset + limit) as PicturePage['items'],
      };
    },
  );
  app.get(
    '/api/pictures/facets',
    {
      schema: { summary: 'What pictures can be filtered by', response: { 200: pictureFacets, ...failures } },
    },
    () => facets(store),
  );
};

async function facets(store: ArtifactStore): Promise<PictureFacets> {
  const { rows, classNames } = await store.pictures();
  const classes = new Map(classNames.map((name) => [name, 0]));
  const splits = new Map<string, number>();
  for (const { className, split } of rows) {
    classes.set(className, (classes.get(className) ?? 0) + 1);
    splits.set(split ?? 'none', (splits.get(split ?? 'none') ?? 0) + 1);
  }
  const look = store.look();
  const quarantined = rows.filter((row) => row.quarantined).length;
  const flags = (look?.check?.sections ?? []).map(({ kind, title, findings }) => ({
    value: kind,
    title,
    count: new Set(findings.flatMap(({ pictures }) => pictures)).size,
  }));
  const quarantine = { value: 'quarantine', title: 'in quarantine', count: quarantined };
  const options = (counted: ReadonlyMap<string, number>) =>
    [...counted].map(([value, count]) => ({ value, count }));
  const predicted = new Map<string, number>();
  for (const name of (await store.predictions())?.classOf.values() ?? []) {
    predicted.set(name, (predicted.get(name) ?? 0) + 1);
  }
  return {
    total: rows.length,
    classes: options(classes),
    splits: [...SPLITS, 'none'].flatMap((value) => {
      const count = splits.get(value);
      return count === undefined ? [] : [{ value, count }];
    }),
    flags: [...(quarantined > 0 ? [quarantine] : []), ...flags.filter(({ count }) => count > 0)],
    predicted: options(predicted).sort((a, b) => (a.value < b.value ? -1 : 1)),
    checking: look === null,
  };
}
