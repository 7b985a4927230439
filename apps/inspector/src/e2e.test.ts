import type { Browser, Page } from 'playwright-core';
import {
  sampleDataset,
  startBrowser,
  startInspector,
  type RunningInspector,
  type TestDataset,
} from './testing/inspector-fixture.js';

let dataset: TestDataset;
let inspector: RunningInspector;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [dataset, browser] = await Promise.all([sampleDataset(), startBrowser()]);
  inspector = await startInspector(dataset.root);
});
afterAll(async () => {
  await browser.close();
  await inspector.stop();
  await dataset.remove();
});
beforeEach(async () => {
  page = await browser.newPage();
});
afterEach(() => page.close());

const open = (path: string) => page.goto(`${inspector.url}${path}`);

describe('overview', () => {
  it('shows every stage with its count and its state', async () => {
    await open('/');
    await page.locator('.stage.is-fresh').nth(5).waitFor();
    const names = await page.locator('.stage h3').allTextContents();
    expect(names).toEqual(['ingest', 'resize', 'labels', 'split', 'augment', 'normalize']);
    expect(await page.locator('.stage .big').first().textContent()).toBe('53');
  });
});

describe('pictures', () => {
  it('filters by what the address says, and changes the address', async () => {
    await open('/pictures?class=Claude_Monet');
    await page.locator('.tile img').first().waitFor();
    const classes = await page.locator('.tile-class').allTextContents();
    expect(new Set(classes.map((text) => text.trim()))).toEqual(new Set(['Claude Monet']));
    await page.getByLabel('path holds').fill('14598');
    await page.waitForURL(/text=14598/u);
    await page.getByText('1 picture', { exact: true }).waitFor();
    const loaded = await page
      .locator('.tile img')
      .evaluate((image) =>
        (image as unknown as { decode(): Promise<void>; naturalWidth: number })
          .decode()
          .then(() => (image as unknown as { naturalWidth: number }).naturalWidth),
      );
    expect(loaded).toBeGreaterThan(50);
  });
});
