import { timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

/** What the guard looks at of a request. */
export interface GuardedRequest {
  readonly method: string;
  /** Path with query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The token that the request brings: from its cookie, or from `?token=`. */
  readonly token: string | undefined;
}

/** Whom the guard lets in. */
export interface GuardRules {
  /** Names by which this server may be addressed besides the loopback ones; without a port. */
  readonly hostNames: readonly string[];
  /** Bound to other than loopback: any IP address may be the server's own, and every request needs the token. */
  readonly token: string | null;
}

/** Why a request is turned away. */
export interface Refusal {
  readonly status: 401 | 403 | 405 | 421;
  readonly problem: string;
  readonly hint: string;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const METHODS = ['GET', 'HEAD', 'POST'];

/**
 * Decides whether a request may be answered. A page of another site cannot read this server: neither by a name that
 * it points at this machine (the Host header), nor by sending requests from its own pages (Origin, Sec-Fetch-Site).
 * @returns null where it may
 */
export function refuseRequest(request: GuardedRequest, rules: GuardRules): Refusal | null {
  return (
    refuseMethod(request) ?? refuseHost(request, rules) ?? refuseSite(request) ?? refuseToken(request, rules)
  );
}

function refuseMethod({ method }: GuardedRequest): Refusal | null {
  if (METHODS.includes(method)) return null;
  return {
    status: 405,
    problem: `it answers no ${method}`,
    hint: 'The inspector only shows; it changes nothing.',
  };
}

function refuseHost({ headers }: GuardedRequest, rules: GuardRules): Refusal | null {
  const host = single(headers['host']);
  const name =
    host === undefined ? undefined : /^(\[[0-9a-f:.]+\]|[^:]+)(?::\d+)?$/iu.exec(host)?.[1]?.toLowerCase();
  const address = name !== undefined && isIP(name.replace(/^\[|\]$/gu, '')) > 0;
  const known = name !== undefined && [...LOOPBACK, ...rules.hostNames].includes(name);
  if (known || (address && rules.token !== null)) return null;
  return {
    status: 421,
    problem: 'the request is addressed to another host',
    hint: 'Open the address that the inspector printed.',
  };
}

function refuseSite({ method, headers }: GuardedRequest): Refusal | null {
  const origin = single(headers['origin']);
  const site = single(headers['sec-fetch-site']);
  const own = origin === undefined ? undefined : sameHost(origin, single(headers['host']));
  // following a link to a page is no more than typing its address
  const link =
    single(headers['sec-fetch-mode']) === 'navigate' && single(headers['sec-fetch-dest']) === 'document';
  const foreign =
    site !== undefined && site !== 'same-origin' && site !== 'none' && !(link && method === 'GET');
  const unproven = method === 'POST' && own !== true;
  if (own !== false && !foreign && !unproven) return null;
  return {
    status: 403,
    problem: 'the request comes from another site',
    hint: 'Only the pages of the inspector itself may ask for its data.',
  };
}

function sameHost(origin: string, host: string | undefined): boolean {
  try {
    return host !== undefined && new URL(origin).host === new URL(`http://${host}`).host;
  } catch {
    return false; // "null", of sandboxed frames and files
  }
}

function refuseToken({ token }: GuardedRequest, rules: GuardRules): Refusal | null {
  if (rules.token === null || (token !== undefined && sameText(token, rules.token))) return null;
  return {
    status: 401,
    problem: 'the token is missing or wrong',
    hint: 'Open the whole address that the inspector printed, "?token=" and what follows included.',
  };
}

/** Compares without telling by its duration how much is right. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

const single = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);
