/** For tests only: a page in headless Chromium that is served from memory and from folders. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import type { AddressInfo } from 'node:net';
import { chromium, type Page } from 'playwright-core';

/** Where Debian puts it, and what else a machine may say. */
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** What a page is served from. */
export interface Site {
  readonly html: string;
  /** First part of a path -> the folder that the rest lies in. */
  readonly folders: Readonly<Record<string, string>>;
}

/** Opens a page, runs `use` on it, and closes everything. What the page prints as an error fails the test. */
export async function withPage<Result>(site: Site, use: (page: Page) => Promise<Result>): Promise<Result> {
  const server = createServer((request, response) => {
    answer(site, request.url ?? '/').then(
      ({ type, body }) => response.writeHead(200, { 'content-type': type }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const result = await use(page);
    if (problems.length > 0) throw new Error(`the page failed: ${problems.join('; ')}`);
    return result;
  } finally {
    await browser.close();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function answer(
  { html, folders }: Site,
  url: string,
): Promise<{ type: string; body: Uint8Array | string }> {
  const { pathname } = new URL(url, 'http://localhost');
  if (pathname === '/') return { type: 'text/html', body: html };
  const [, first = '', ...rest] = normalize(decodeURIComponent(pathname)).split('/');
  const folder = folders[first];
  if (folder === undefined) throw new Error(`nothing is served at ${pathname}`);
  const file = join(folder, ...rest);
  return { type: TYPES[extname(file)] ?? 'application/octet-stream', body: await readFile(file) };
}
