import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import cookies from '@fastify/cookie';
import helmet from '@fastify/helmet';
import files from '@fastify/static';
import openapi from '@fastify/swagger';
import { AtelierError, messageOf } from '@atelier/core';
import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { ArtifactStore } from '../dataset/artifact-store.js';
import type { ApiError, ApiServer } from './api.js';
import { refuseRequest, sameText, type GuardRules } from './guard.js';
import { ROUTES } from './routes.js';

/** How the server is made. */
export interface ServerOptions {
  readonly store: ArtifactStore;
  /** The name it is bound to, where that is not a loopback one. */
  readonly host?: string;
  /** null on loopback; elsewhere every request needs it. */
  readonly token: string | null;
}

/** The built front end, from src/ (as tests run) as from dist/. */
const WEB = fileURLToPath(new URL('../../dist/web', import.meta.url));
const COOKIE = 'atelier-inspector';
/** Requests with a body have routes of their own limits; all others bring none worth reading. */
const BODY_LIMIT_BYTES = 64 * 1024;

/** Makes the server; it does not listen yet. It writes nothing, anywhere. */
export async function createServer({ store, host, token }: ServerOptions): Promise<ApiServer> {
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: 4096 },
    forceCloseConnections: true,
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(sendError);
  app.setNotFoundHandler(notFound);
  await app.register(cookies);
  guard(app, { hostNames: [hostname(), ...(host === undefined ? [] : [host])].map(lower), token });
  await app.register(helmet, { ...HEADERS, global: true });
  await app.register(openapi, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Atelier inspector', version: '1', description: 'Read-only; one dataset.' },
    },
    transform: jsonSchemaTransform,
  });
  await app.register(async (scope) => {
    for (const routes of ROUTES) routes(scope as unknown as ApiServer, { store });
    scope.get('/api/openapi.json', { schema: { hide: true } }, () => app.swagger());
  });
  await app.register(files, { root: WEB, wildcard: false, index: false, immutable: true, maxAge: '1y' });
  return app as unknown as ApiServer;
}

const lower = (text: string) => text.toLowerCase();

/** Turns away what {@link refuseRequest} refuses, and changes a token in the address into a cookie. */
function guard(app: { addHook: ApiServer['addHook'] }, rules: GuardRules): void {
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const url = new URL(request.url, 'http://localhost');
    const given = url.searchParams.get('token');
    const token = given ?? request.cookies[COOKIE];
    const { method, headers } = request;
    const refusal = refuseRequest({ method, url: request.url, headers, token }, rules);
    if (refusal !== null) {
      const { status, problem, hint } = refusal;
      return reply.code(status).send({ code: 'REFUSED', message: `Not answered: ${problem}.`, hint });
    }
    if (given !== null && rules.token !== null && sameText(given, rules.token)) {
      url.searchParams.delete('token');
      reply.setCookie(COOKIE, given, { path: '/', httpOnly: true, sameSite: 'strict' });
      return reply.redirect(`${url.pathname}${url.search}`, 303);
    }
  });
}

/** Nothing but what this server sends may run or be loaded; WebAssembly is allowed for models in the browser. */
const HEADERS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:', 'blob:'],
      workerSrc: ["'self'", 'blob:'],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  crossOriginResourcePolicy: { policy: 'same-origin' },
  crossOriginOpenerPolicy: { policy: 'same-origin' },
  referrerPolicy: { policy: 'no-referrer' },
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
} as const;

/** Every page is the same file: the front end looks at the address. */
async function notFound(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const path = request.url.split('?')[0] as string;
  const isPage = request.method === 'GET' && !path.startsWith('/api/') && !path.startsWith('/assets/');
  if (isPage)
    return reply.header('cache-control', 'no-cache').sendFile('index.html', { maxAge: 0, immutable: false });
  return reply.code(404).send({
    code: 'NOT_FOUND',
    message: 'There is nothing at this address.',
    hint: '/api/openapi.json lists what there is.',
  } satisfies ApiError);
}

const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  USAGE: 400,
  INPUT_INVALID: 400,
  INPUT_MISSING: 404,
  ARTIFACT_MISSING: 404,
  DATASET_MISSING: 404,
  MANIFEST_DAMAGED: 409,
  ARTIFACT_DAMAGED: 409,
  INPUT_CHANGED: 409,
};

function sendError(
  error: FastifyError | AtelierError,
  _request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof AtelierError) {
    const { code, message, hint } = error;
    return reply.code(STATUS_OF_CODE[code] ?? 500).send({ code, message, hint } satisfies ApiError);
  }
  const status = error.statusCode ?? 500;
  const hint = status < 500 ? 'See /api/openapi.json.' : 'This is a mistake in the program.';
  return reply
    .code(status)
    .send({ code: error.code ?? 'FAILED', message: messageOf(error), hint } satisfies ApiError);
}
