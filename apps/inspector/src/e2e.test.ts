import { createRequire } from 'node:module';
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import {
  sampleDataset,
  startBrowser,
  startInspector,
  type RunningInspector,
  type TestDataset,
} from './testing/inspector-fixture.js';

const PICTURE = 'Claude_Monet/Claude_Monet_aic_14598.jpg';
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Every view, and what is on it once it is there. */
const VIEWS = [
  ['overview', '/', '.stage.is-fresh >> nth=5'],
  ['classes', '/classes', '.chart svg'],
  ['pictures', '/pictures', '.tile img'],
  ['picture', `/picture?id=${encodeURIComponent(PICTURE)}`, '.chart svg'],
  ['duplicates', '/duplicates', '.empty, .group'],
  ['statistics', '/statistics', '.chart svg >> nth=4'],
  ['quarantine', '/quarantine', 'table'],
] as const;

let dataset: TestDataset;
let inspector: RunningInspector;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  [dataset, browser] = await Promise.all([
    sampleDataset({}, { 'Claude_Monet/broken.jpg': 'this is no picture' }),
    startBrowser(),
  ]);
  inspector = await startInspector(dataset.root);
});
afterAll(async () => {
  await browser.close();
  await inspector.stop();
  await dataset.remove();
});
beforeEach(async () => {
  page = await browser.newPage({ bypassCSP: true });
  faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
});
afterEach(async () => {
  await page.close();
  expect(faults).toEqual([]);
});

const open = (path: string, url = inspector.url) => page.goto(`${url}${path}`);

/** The rules that a page breaks, with the elements that do. */
async function axe(): Promise<string[]> {
  await page.addScriptTag({ path: AXE });
  return page.evaluate<string[]>(
    `axe.run().then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ target }) => target).join(' ')))`,
  );
}

describe.each(VIEWS)('%s', (_name, path, wait) => {
  it('is there, reloads by its address, and has no serious accessibility fault in light and dark', async () => {
    await open(path);
    await page.locator(wait).first().waitFor();
    expect(await axe()).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.reload();
    await page.locator(wait).first().waitFor();
    expect(await axe()).toEqual([]);
  });
});

it('the overview counts and says what is fresh', async () => {
  await open('/');
  await page.locator('.stage.is-fresh').nth(5).waitFor();
  expect(await page.locator('.stage h3').allTextContents()).toEqual([
    'ingest',
    'resize',
    'labels',
    'split',
    'augment',
    'normalize',
  ]);
  expect(await page.locator('.stage .big').first().textContent()).toBe('54');
  await page.getByText('1 in quarantine').first().waitFor();
});

it('pictures are filtered by the address, and the filters change it', async () => {
  await open('/pictures?class=Claude_Monet');
  await page.locator('.tile img').first().waitFor();
  const classes = await page.locator('.tile-class').allTextContents();
  expect(new Set(classes.map((text) => text.trim()))).toEqual(new Set(['Claude Monet']));
  await page.getByLabel('path holds').fill('14598');
  await page.waitForURL(/text=14598/u);
  await page.getByText('1 picture', { exact: true }).waitFor();
  await page.getByLabel('stage').selectOption('generated');
  await page.waitForURL(/stage=generated/u);
  await page.locator('.tile').nth(2).waitFor();
  await page.locator('.tile').first().focus();
  await page.keyboard.press('ArrowRight');
  await page.locator('.tile[data-index="1"]:focus').waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/picture\?id=/u);
  await page.getByLabel('path holds').waitFor({ state: 'detached' });
});

it('one picture is shown in every stage, with its tensor and its one-hot row', async () => {
  await open(`/picture?id=${encodeURIComponent(PICTURE)}`);
  await page.getByText('Heat map').waitFor();
  expect(await page.locator('.trace h2').allTextContents()).toHaveLength(6);
  const shown = await page.locator('.trace-item img').count();
  expect(shown).toBeGreaterThan(2);
  await page.getByText('float32 [64, 64, 3]').waitFor();
  await page.getByText('One-hot row').waitFor();
  await page.getByRole('combobox', { name: 'channel' }).selectOption('blue');
  await page.locator('details').first().click();
  await page.getByText('key', { exact: true }).first().waitFor();
});

it('charts are saved as SVG and their data as CSV', async () => {
  await open('/classes');
  const saved = async (name: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name }).click(),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    return { name: download.suggestedFilename(), text: Buffer.concat(chunks).toString('utf8') };
  };
  const csv = await saved('Save CSV');
  expect(csv.name).toBe('class-counts.csv');
  expect(csv.text.split('\r\n').slice(0, 2)).toEqual(['class,split,pictures', 'Anonymous_Italian,train,6']);
  const svg = await saved('Save SVG');
  expect(svg.text).toMatch(/^<svg[^>]* xmlns="http:\/\/www.w3.org\/2000\/svg"/);
});

it('colours follow the button and are remembered', async () => {
  await open('/quarantine');
  await page.getByRole('button', { name: 'Colours: system' }).click();
  await page.getByRole('button', { name: 'Colours: light' }).click();
  await page.reload();
  await page.locator('html[data-theme="dark"]').waitFor();
});

it('an address without a page says so', async () => {
  await open('/nowhere');
  await page.getByText('No such page').waitFor();
});

describe('a dataset in another state', () => {
  const views = VIEWS.map(([, path]) => path).filter((path) => path !== '/');
  let other: RunningInspector;
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'atelier-state-'));
    await mkdir(join(root, 'images'));
    await writeFile(join(root, 'dataset.json'), '{}');
    other = await startInspector(root);
  });
  afterEach(async () => {
    await other.stop();
    await rm(root, { recursive: true });
  });

  it('without artifacts every view says what to do', async () => {
    await open('/', other.url);
    await page.getByText('never run').first().waitFor();
    for (const path of views) {
      await open(path, other.url);
      await page
        .getByText(/Run "npx atelier preprocess"|Nothing is in quarantine/u)
        .first()
        .waitFor();
    }
    expect(await axe()).toEqual([]);
  });

  it('with a damaged manifest every view says so', async () => {
    await mkdir(join(root, 'sources'));
    await appendFile(join(root, 'sources', 'manifest.jsonl'), 'no manifest\n');
    await open('/', other.url);
    await page.locator('.stage.is-damaged').first().waitFor();
    for (const path of views.filter((view) => view !== '/quarantine')) {
      await open(path, other.url);
      await page.getByText('This cannot be shown').waitFor();
      await page.getByText('MANIFEST').or(page.getByText('atelier preprocess')).first().waitFor();
    }
  });

  it('a stage that runs is shown as running', async () => {
    await mkdir(join(root, 'sources', '.staging'), { recursive: true });
    await writeFile(join(root, 'sources', '.lock'), '{}');
    await writeFile(join(root, 'sources', '.staging', 'journal.jsonl'), '{"id":"a"}\n{"id":"b"}\n');
    await open('/', other.url);
    await page.locator('.stage.is-running').getByText('2 finished so far').waitFor();
  });
});
