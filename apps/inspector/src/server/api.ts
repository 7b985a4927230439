import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { ArtifactStore } from '../dataset/artifact-store.js';

/** The server as routes see it: schemas are zod's, and handlers are typed by them. */
export type ApiServer = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What routes work with. */
export interface ApiContext {
  readonly store: ArtifactStore;
}

/** The routes of one view: registers them on the server. */
export type Routes = (app: ApiServer, context: ApiContext) => void;

/** What an answer with a status of 400 or more says. */
export const apiError = z.object({
  code: z.string().describe('Stable: programs may match on it.'),
  message: z.string(),
  hint: z.string().describe('How to mend it.'),
});

/** An answer with a status of 400 or more. */
export type ApiError = z.infer<typeof apiError>;

/** The answers that every route may give. */
export const failures = { '4xx': apiError, '5xx': apiError } as const;
