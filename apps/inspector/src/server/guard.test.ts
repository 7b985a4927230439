import { refuseRequest, type GuardedRequest, type GuardRules } from './guard.js';

const LOCAL: GuardRules = { hostNames: [], token: null };
const BOUND: GuardRules = { hostNames: ['studio'], token: 'secret' };
const request = (headers: GuardedRequest['headers'], more: Partial<GuardedRequest> = {}): GuardedRequest => ({
  method: 'GET',
  url: '/api/overview',
  token: undefined,
  ...more,
  headers: { host: '127.0.0.1:4400', ...headers },
});
const status = (of: GuardedRequest, rules = LOCAL) => refuseRequest(of, rules)?.status ?? 200;

describe('the host', () => {
  it.each(['localhost:4400', '127.0.0.1:4400', '[::1]:4400', 'LOCALHOST', 'localhost'])(
    'may be %s',
    (host) => {
      expect(status(request({ host }))).toBe(200);
    },
  );
  it.each(['evil.example', 'localhost.evil.example:4400', '192.168.0.7:4400', '', 'localhost:4400:1', 'a b'])(
    'may not be "%s"',
    (host) => {
      expect(status(request({ host }))).toBe(421);
    },
  );
  it('must be there', () => {
    expect(status(request({ host: undefined }))).toBe(421);
  });
  it.each(['studio:4400', '192.168.0.7:4400', 'localhost:4400'])('bound elsewhere may be %s', (host) => {
    expect(status(request({ host }, { token: 'secret' }), BOUND)).toBe(200);
  });
  it('bound elsewhere may not be any name', () => {
    expect(status(request({ host: 'evil.example' }, { token: 'secret' }), BOUND)).toBe(421);
  });
});

describe('the site', () => {
  it.each([
    [200, {}],
    [200, { origin: 'http://127.0.0.1:4400', 'sec-fetch-site': 'same-origin' }],
    [200, { 'sec-fetch-site': 'none' }],
    [403, { origin: 'http://evil.example' }],
    [403, { origin: 'http://127.0.0.1:4401' }],
    [403, { origin: 'http://localhost:4400' }],
    [403, { origin: 'null' }],
    [403, { 'sec-fetch-site': 'cross-site' }],
    [403, { 'sec-fetch-site': 'same-site' }],
    [403, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
    [200, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }],
  ])('gives %i for %j', (expected, headers) => {
    expect(status(request(headers))).toBe(expected);
  });
  it('must be named by a request that brings something', () => {
    expect(status(request({}, { method: 'POST' }))).toBe(403);
    expect(status(request({ origin: 'http://127.0.0.1:4400' }, { method: 'POST' }))).toBe(200);
    const link = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect(status(request(link, { method: 'POST' }))).toBe(403);
  });
});

describe('the token', () => {
  it.each([
    [401, undefined],
    [401, ''],
    [401, 'secreT'],
    [401, 'secret2'],
    [200, 'secret'],
  ])('gives %i for %s', (expected, token) => {
    expect(status(request({}, { token }), BOUND)).toBe(expected);
  });
});

it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('%s is not answered', (method) => {
  expect(status(request({ origin: 'http://127.0.0.1:4400' }, { method }))).toBe(405);
});
