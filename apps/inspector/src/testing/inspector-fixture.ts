/** For tests only: the inspector's program, a browser to look at it with, and small datasets to look at. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadStages } from '@atelier/pipeline';
import { openDataset, runStage, silentReporter } from '@atelier/stage';
import { chromium, type Browser } from 'playwright-core';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const SAMPLE = fileURLToPath(new URL('../../../../datasets/sample', import.meta.url));

/** How long the inspector may take to stop. */
const PATIENCE_MS = 10_000;

/** The inspector, running. */
export interface RunningInspector {
  /** Without a slash at the end; with `?token=` where it is bound elsewhere. */
  readonly url: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** Starts the built inspector on a dataset and waits for its address. */
export async function startInspector(
  dataset: string,
  args: readonly string[] = [],
): Promise<RunningInspector> {
  const child = spawn(process.execPath, [PROGRAM, `--dataset=${dataset}`, '--port=0', '--no-open', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
    child.once('close', (code) => reject(new Error(`the inspector ended with ${code}: ${stderr}`)));
  });
  return {
    url: url.replace(/\/$/u, ''),
    process: child,
    async stop() {
      child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      await ended;
      clearTimeout(patience);
    },
  };
}

/** Starts Debian's Chromium without a window. One for all tests of a file is enough. */
export function startBrowser(): Promise<Browser> {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((file) => existsSync(file));
  if (found === undefined) throw new Error('The tests need Chromium: install the package chromium.');
  return chromium.launch({ executablePath: found, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** A dataset for one test file. */
export interface TestDataset {
  readonly root: string;
  remove(): Promise<void>;
}

/**
 * The sample's pictures as a dataset of their own, small, every stage run.
 * @param config what dataset.json says besides
 * @param files more files below images/
 */
export async function sampleDataset(
  config: Readonly<Record<string, unknown>> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<TestDataset> {
  const folder = await mkdtemp(join(tmpdir(), 'atelier-inspector-'));
  const root = join(folder, 'paintings');
  await mkdir(root);
  await cp(join(SAMPLE, 'images'), join(root, 'images'), { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(join(root, 'images', path), text);
  const settings = { resize: { width: 64, height: 64 }, augment: { imagesPerSource: 3 }, ...config };
  await writeFile(join(root, 'dataset.json'), JSON.stringify(settings));
  await preprocess(root);
  return { root, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Runs every stage, as `atelier preprocess` does. */
export async function preprocess(root: string): Promise<void> {
  const dataset = await openDataset(root);
  for (const stage of await loadStages()) await runStage(stage, dataset, { reporter: silentReporter });
}
