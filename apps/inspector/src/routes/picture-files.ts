import { createReadStream } from 'node:fs';
import { z } from 'zod';
import { findPictureFile, PICTURE_STAGES } from '../dataset/picture-files.js';
import { failures, type Routes } from '../server/api.js';

const pictureQuery = z.object({
  stage: z.enum(PICTURE_STAGES).default('source'),
  id: z.string().min(1).max(4096).describe('A sourceId, or for generated pictures a sampleId.'),
  v: z
    .string()
    .max(64)
    .optional()
    .describe('The digest it was listed with: the answer may then be kept for good.'),
});

const thumbnailQuery = pictureQuery.extend({
  side: z.coerce
    .number()
    .pipe(z.literal([96, 160, 320]))
    .default(160)
    .describe('Pixels of the longer side, at most.'),
});

/** The bytes of a picture; fastify sends buffers and streams as they are. */
const bytes = z.any().describe('The bytes of the picture.');

const answers = { 200: bytes, 304: bytes, ...failures };

/** What browsers show themselves; everything else is sent as a JPEG. */
const SHOWN: Readonly<Record<string, string>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
};
/** The longer side of what stands in for a format that browsers do not show. */
const RENDERED_SIDE = 1600;

/** Pictures as files: small ones for lists, and as they are. */
export const pictureFileRoutes: Routes = (app, { store }) => {
  app.get(
    '/api/thumbnail',
    {
      schema: {
        summary: 'A small version of a picture, as JPEG',
        querystring: thumbnailQuery,
        response: answers,
      },
    },
    async ({ query, headers }, reply) => {
      const file = await findPictureFile(store, query.stage, query.id);
      const etag = `"${file.digest}-${query.side}"`;
      reply.headers({ etag, 'cache-control': caching(query.v === file.digest) });
      if (headers['if-none-match'] === etag) return reply.code(304).send(Buffer.alloc(0));
      const jpeg = await store.thumbnails.get(file, query.side);
      return reply.type('image/jpeg').send(Buffer.from(jpeg));
    },
  );
  app.get(
    '/api/picture',
    { schema: { summary: 'A picture in full', querystring: pictureQuery, response: answers } },
    async ({ query }, reply) => {
      const file = await findPictureFile(store, query.stage, query.id);
      reply.header('cache-control', caching(query.v === file.digest));
      const type = SHOWN[file.format];
      if (type !== undefined) return reply.type(type).send(createReadStream(file.path));
      return reply.type('image/jpeg').send(Buffer.from(await store.thumbnails.get(file, RENDERED_SIDE)));
    },
  );
};

const caching = (final: boolean) => (final ? 'private, max-age=31536000, immutable' : 'private, no-cache');
