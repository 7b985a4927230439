import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import {
  startBrowser,
  startInspector,
  type RunningInspector,
  type TestDataset,
} from './testing/inspector-fixture.js';
import { largeDataset } from './testing/large-dataset.js';

const PICTURES = 50_000;
const FIRST_GRID_MS = 2000;
const LONG_TASK_MS = 200;
const HOOK_MS = 120_000;
/** Node itself, the index of 50,000 pictures, 64 MB of thumbnails, and what a look at the whole leaves behind. */
const SERVER_BYTES = 700e6;

let dataset: TestDataset;
let inspector: RunningInspector;
let browser: Browser;
beforeAll(async () => {
  [dataset, browser] = await Promise.all([largeDataset(PICTURES), startBrowser()]);
  inspector = await startInspector(dataset.root);
}, HOOK_MS);
afterAll(async () => {
  await browser.close();
  await inspector.stop();
}, HOOK_MS); // the folder goes with the tests' own

/** The server's resident memory, bytes. */
async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${inspector.process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

it('50,000 pictures: the first grid is there at once, scrolling never stops, the server stays small', async () => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, bypassCSP: true });
  await page.addInitScript(`
    window.longTasks = [];
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longTasks.push(duration);
    }).observe({ type: 'longtask', buffered: true });
  `);
  const began = performance.now();
  await page.goto(`${inspector.url}/pictures`);
  await page.waitForFunction(
    `[...document.querySelectorAll('.tile img')].filter((image) => image.naturalWidth > 0).length >= 12`,
  );
  const firstGridMs = performance.now() - began;
  await page.getByText('50,000 pictures', { exact: true }).waitFor();
  await page.evaluate('window.longTasks.length = 0');
  // through all of it in steps of many sizes, the end included
  await page.evaluate(`(async () => {
    const scroller = document.querySelector('.grid-scroller');
    for (let i = 0; i < 90; i++) {
      scroller.scrollTop += i < 60 ? 400 : scroller.scrollHeight / 40;
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 10)));
    }
    scroller.scrollTop = scroller.scrollHeight;
  })()`);
  await page.locator(`[data-index="${PICTURES - 1}"] img`).waitFor();
  const longest = Math.max(0, ...(await page.evaluate<number[]>('window.longTasks')));
  const drawn = await page.locator('.tile').count();
  await page.close();
  expect(drawn).toBeLessThan(120);
  expect(longest).toBeLessThan(LONG_TASK_MS);
  expect(firstGridMs).toBeLessThan(FIRST_GRID_MS);
  expect(await residentBytes()).toBeLessThan(SERVER_BYTES);
});
