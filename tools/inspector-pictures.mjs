// Makes docs/inspector/*.webp from the sample: run `npm start` first, then `node tools/inspector-pictures.mjs [NAME…]`.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = path.join(root, 'docs/inspector');
const MONET = 'Claude_Monet/Claude_Monet_aic_14598.jpg';

/** One picture per view: its name, its address, what has to be on the page before it is taken. */
const VIEWS = [
  { name: 'overview', path: '/', wait: '.stage.is-fresh >> nth=5' },
  { name: 'overview-dark', path: '/', wait: '.stage.is-fresh >> nth=5', theme: 'dark' },
  { name: 'pictures', path: '/pictures', wait: '.tile img' },
  { name: 'classes', path: '/classes', wait: '.chart svg' },
  { name: 'duplicates', path: '/duplicates', wait: '.empty, .group' },
  { name: 'statistics', path: '/statistics', wait: '.chart svg >> nth=4' },
  { name: 'quarantine', path: '/quarantine', wait: '.lead' },
  { name: 'picture', path: `/picture?id=${encodeURIComponent(MONET)}`, wait: '.chart svg' },
];

const wanted = process.argv.slice(2);
const program = path.join(root, 'apps/inspector/dist/main.js');
const inspector = spawn(process.execPath, [program, '--port=0', '--no-open'], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = await new Promise((resolve, reject) => {
  inspector.stdout.setEncoding('utf8').once('data', (text) => resolve(text.trim()));
  inspector.once('close', reject);
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
mkdirSync(folder, { recursive: true });
for (const { name, path: address, wait, theme = 'light' } of VIEWS) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, colorScheme: theme });
  page.on('pageerror', (error) => console.error(`${name}: ${error.message}`));
  await page.goto(new URL(address, url).href);
  await page.locator(wait).first().waitFor();
  await page.waitForLoadState('networkidle');
  const file = path.join(folder, `${name}.webp`);
  await sharp(await page.screenshot())
    .webp({ quality: 82 })
    .toFile(file);
  console.log(path.relative(root, file));
  await page.close();
}
await browser.close();
inspector.kill();
