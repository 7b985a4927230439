import { copyFile, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openStore, type ArtifactStore } from '../dataset/artifact-store.js';
import { preprocess, sampleDataset, type TestDataset } from '../testing/inspector-fixture.js';
import type { ApiServer } from './api.js';
import { createServer } from './create-server.js';

const HOST = { host: 'localhost:4400' };
const PICTURE = 'Claude_Monet/Claude_Monet_aic_14598.jpg';

let dataset: TestDataset;
let store: ArtifactStore;
let app: ApiServer;
beforeAll(async () => {
  dataset = await sampleDataset({ resize: { width: 16, height: 16 }, augment: { imagesPerSource: 2 } });
  store = await openStore(dataset.root);
  app = await createServer({ store, token: null });
});
afterAll(async () => {
  await app.close();
  await store.close();
  await dataset.remove();
});

const get = (url: string, headers: Record<string, string> = {}) =>
  app.inject({ url, headers: { ...HOST, ...headers } });
const picture = (id: string, stage = 'source', path = 'thumbnail') =>
  get(`/api/${path}?stage=${stage}&id=${encodeURIComponent(id)}`);

it('sends small pictures, kept for good when they are asked for by their digest', async () => {
  const first = await picture(PICTURE);
  expect([first.statusCode, first.headers['content-type']]).toEqual([200, 'image/jpeg']);
  expect(first.headers['cache-control']).toBe('private, no-cache');
  const { digest } = (await store.pictures()).byId.get(PICTURE) as { digest: string };
  const final = await get(`/api/thumbnail?id=${encodeURIComponent(PICTURE)}&v=${digest}`);
  expect(final.headers['cache-control']).toContain('immutable');
  expect(final.rawPayload.equals(first.rawPayload)).toBe(true);
  const again = await get(`/api/thumbnail?id=${encodeURIComponent(PICTURE)}`, {
    'if-none-match': String(first.headers['etag']),
  });
  expect([again.statusCode, again.rawPayload.length]).toEqual([304, 0]);
});

it.each([
  '../dataset.json',
  '../../paintings/dataset.json',
  'Claude_Monet/../../dataset.json',
  '/etc/passwd',
  'dataset.json',
  `${PICTURE}/../Claude_Monet_aic_14598.jpg`,
  `${PICTURE}\u0000`,
  '..%2f..%2fetc%2fpasswd',
])('no picture is at %j', async (id) => {
  for (const stage of ['source', 'resized', 'generated']) {
    for (const path of ['thumbnail', 'picture']) {
      expect((await picture(id, stage, path)).statusCode).toBe(404);
    }
  }
});

it.each([
  '/../package.json',
  '/..%2f..%2fpackage.json',
  '/%2e%2e/%2e%2e/dist/main.js',
  '/assets/../../main.js',
  '/assets/..%2fmain.js',
])('no file of the disk is at %s', async (url) => {
  const { body, statusCode } = await get(url);
  expect(body).not.toContain('@atelier');
  // whatever is no file of the front end is its page, or nothing
  expect(statusCode === 200 ? body.includes('<div id="root">') : statusCode >= 400).toBe(true);
});

it('follows no link out of the dataset', async () => {
  const root = join(dirname(dataset.root), 'linked');
  const secret = join(dirname(dataset.root), 'secret');
  await mkdir(join(root, 'images'), { recursive: true });
  await mkdir(secret);
  const file = join(dataset.root, 'images', PICTURE);
  for (const folder of [join(root, 'images', 'a'), join(secret)]) {
    await mkdir(folder, { recursive: true });
    await copyFile(file, join(folder, 'one.jpg'));
  }
  await writeFile(join(root, 'dataset.json'), '{"resize":{"width":8,"height":8}}');
  await preprocess(root);
  await rm(join(root, 'images', 'a', 'one.jpg'));
  await symlink(join(secret, 'one.jpg'), join(root, 'images', 'a', 'one.jpg'));
  const linked = await openStore(root);
  const server = await createServer({ store: linked, token: null });
  const { statusCode, body } = await server.inject({ url: '/api/picture?id=a/one.jpg', headers: HOST });
  expect([statusCode, (JSON.parse(body) as { message: string }).message]).toEqual([
    400,
    expect.stringContaining('leads out of the dataset'),
  ]);
  await server.close();
  await linked.close();
});

it('refuses other hosts, other sites, other methods and bodies that are too large', async () => {
  expect((await get('/', { host: 'evil.example' })).statusCode).toBe(421);
  expect((await get('/api/overview', { origin: 'http://evil.example' })).statusCode).toBe(403);
  expect((await get('/api/overview', { 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403);
  expect((await app.inject({ method: 'DELETE', url: '/api/overview', headers: HOST })).statusCode).toBe(405);
  const large = await app.inject({
    method: 'POST',
    url: '/api/overview',
    headers: { ...HOST, origin: 'http://localhost:4400', 'content-type': 'application/json' },
    payload: JSON.stringify('x'.repeat(200_000)),
  });
  expect([404, 413]).toContain(large.statusCode);
});

it('says on every answer that nothing else may be loaded, and that no page may frame it', async () => {
  for (const url of ['/', '/api/overview', '/nowhere', '/api/nowhere']) {
    const { headers } = await get(url);
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['access-control-allow-origin']).toBeUndefined();
  }
});

it('asks for the token where it is bound elsewhere, and keeps it in a cookie', async () => {
  const bound = await createServer({ store, host: '0.0.0.0', token: 'secret' });
  const ask = (url: string, headers: Record<string, string> = {}) =>
    bound.inject({ url, headers: { host: '10.0.0.2:4400', ...headers } });
  expect((await ask('/')).statusCode).toBe(401);
  expect((await ask('/api/overview?token=wrong')).statusCode).toBe(401);
  const first = await ask('/pictures?class=a&token=secret');
  expect([first.statusCode, first.headers.location]).toEqual([303, '/pictures?class=a']);
  const cookie = String(first.headers['set-cookie']);
  expect(cookie).toMatch(/HttpOnly/);
  expect(cookie).toMatch(/SameSite=Strict/);
  expect((await ask('/api/overview', { cookie: cookie.split(';')[0] as string })).statusCode).toBe(200);
  await bound.close();
});

it('describes its API', async () => {
  const { openapi, paths } = (await get('/api/openapi.json')).json<{ openapi: string; paths: object }>();
  expect(openapi).toBe('3.1.0');
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining(['/api/overview', '/api/pictures', '/api/trace']),
  );
});

it('changes nothing in the dataset', async () => {
  const files = async () => (await readdir(dataset.root, { recursive: true })).sort();
  const before = await files();
  for (const url of [
    'overview',
    'pictures',
    'pictures/facets',
    'classes',
    'quarantine',
    'statistics',
    'findings',
  ]) {
    expect((await get(`/api/${url}`)).statusCode).toBe(200);
  }
  expect((await get(`/api/trace?id=${encodeURIComponent(PICTURE)}`)).statusCode).toBe(200);
  expect(await files()).toEqual(before);
});

it.each([
  '/api/pictures?limit=100000',
  '/api/pictures?offset=-1',
  '/api/thumbnail?id=a&side=99999',
  '/api/tensor',
])('says what is wrong with %s', async (url) => {
  const { statusCode, body } = await get(url);
  expect(statusCode).toBe(400);
  expect(JSON.parse(body)).toEqual({
    code: expect.any(String),
    message: expect.any(String),
    hint: expect.any(String),
  });
});
