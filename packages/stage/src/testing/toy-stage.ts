import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { AtelierError, parseDatasetConfig, type Json } from '@atelier/core';
import type { PlannedItem, Stage } from '../contract.js';
import type { Dataset } from '../dataset.js';
import { quarantineOf } from '../quarantine.js';

/** What a test can do to the toy stage. */
export interface ToyHooks {
  version?: number;
  /** Called before each item is made. */
  before?: (item: PlannedItem) => Promise<void> | void;
}

/**
 * A stage of a few lines that behaves like the real ones: one text file per source, its letters repeated
 * `resize.quality` times; a source that says "bad" goes to quarantine, one that says "slow" does while
 * `limits.timeoutMs` is below 1000.
 */
export function toyStage(
  hooks: ToyHooks = {},
): Stage<{ resize: { quality: number }; limits: { timeoutMs: number } }> {
  return {
    name: 'ingest',
    version: hooks.version ?? 1,
    noun: 'text',
    inputs: [],
    config: ({ resize, limits }) => ({
      resize: { quality: resize.quality },
      limits: { timeoutMs: limits.timeoutMs },
    }),
    async fingerprint({ root }) {
      return readdirSync(join(root, 'images')).sort().join();
    },
    async plan({ root, digests, config }) {
      const names = readdirSync(join(root, 'images')).sort();
      const digestOf = await digests(names.map((id) => `images/${id}`));
      const settings = { resize: config.resize };
      const items = names.map((id): PlannedItem => ({
        id,
        settings,
        inputs: { [`images/${id}`]: digestOf.get(`images/${id}`) as string },
        outputs: [`sources/${basename(id, '.txt')}/out.txt`],
      }));
      return { items, header: { folder: 'images' } };
    },
    async process([item], { read, write, config }) {
      if (item === undefined) return [];
      await hooks.before?.(item);
      const [[path, sha256]] = Object.entries(item.inputs) as [[string, string]];
      const text = Buffer.from(await read(path, sha256)).toString();
      try {
        const { timeoutMs } = config.limits;
        if (text === 'bad' || (text === 'slow' && timeoutMs < 1000)) {
          throw new AtelierError({
            code: 'INPUT_INVALID',
            action: 'read',
            problem: `it is ${text}`,
            hint: 'Write better.',
            ...(text === 'slow' && { limits: { timeoutMs } }),
          });
        }
      } catch (error) {
        return [{ quarantine: quarantineOf(error, path) }];
      }
      const output = await write(item.outputs[0] as string, text.repeat(config.resize.quality % 10));
      return [{ outputs: [output], data: { letters: text.length } }];
    },
  };
}

/** A dataset in a new temporary folder, with these texts as its sources. */
export function toyDataset(texts: Readonly<Record<string, string>>, config: Json = {}): Dataset {
  const root = mkdtempSync(join(tmpdir(), 'atelier-stage-'));
  for (const [name, text] of Object.entries(texts)) writeText(join(root, 'images', name), text);
  return { root, config: parseDatasetConfig(config, 'dataset.json') };
}

/** Writes a file and the folders above it. */
export function writeText(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Every file below a folder with its content, apart from what says when (run.json) and what is hidden. */
export function treeOf(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .filter(
        (path) => !path.split('/').some((part) => part.startsWith('.')) && basename(path) !== 'run.json',
      )
      .sort()
      .map((path) => [path, readFileSync(join(folder, path), 'latin1')]),
  );
}
