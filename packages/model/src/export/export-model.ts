import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { digestFile, writeFileAtomic } from '@atelier/artifacts';
import { canonicalJson, type Json } from '@atelier/core';
import { MODEL_FILES } from '../storage/layers-format.js';
import { loadModel } from '../storage/load-model.js';
import type { ExportedInput } from './export-formats.js';
import type { ExportFormatName } from './format-names.js';

/** Raised when the same model is written otherwise. */
const EXPORTER_VERSION = 1;

/** What an export's metadata.json says besides the model's own metadata. */
export interface ExportRecord {
  readonly format: ExportFormatName;
  readonly exporterVersion: number;
  /** [batch, height, width, channels], channels last, RGB, values 0-255. */
  readonly input: ExportedInput;
  /** Digest of the run's files that it was made from. */
  readonly madeFrom: Readonly<Record<string, string>>;
  /** Digest of each file of the export. */
  readonly files: Readonly<Record<string, string>>;
}

/** What became of one format. */
export interface ExportResult {
  readonly format: ExportFormatName;
  readonly dir: string;
  /** The file to open. */
  readonly file: string;
  /** `kept`: it was there, of this model, and whole. */
  readonly outcome: 'written' | 'kept';
}

/** What is exported, and where to. */
export interface ExportModelOptions {
  readonly formats: readonly ExportFormatName[];
  /** The folder of a format, by its name. */
  folder(format: ExportFormatName): string;
}

/**
 * Writes a trained model in other formats. Every layer is looked at for every format before the first file is
 * written. What is there already, of the same model and whole, is kept; files appear whole or not at all, and
 * metadata.json, which says that an export is complete, last.
 * @param run the folder of the run, or of any model that `saveModel` wrote
 * @throws AtelierError MODEL_UNSUPPORTED naming a layer and the format; MODEL_INVALID as `loadModel`; WRITE_FAILED
 */
export async function exportModel(
  run: string,
  { formats, folder }: ExportModelOptions,
): Promise<ExportResult[]> {
  const { EXPORT_FORMATS } = await import('./export-formats.js'); // with the writers, which take their time to load
  const madeFrom = await digests(run, [MODEL_FILES.topology, MODEL_FILES.weights]);
  const results = new Map<ExportFormatName, ExportResult>();
  for (const format of formats) {
    const dir = folder(format);
    const file = path.join(dir, EXPORT_FORMATS[format].main);
    const outcome = (await isWhole(dir, { format, madeFrom })) ? 'kept' : 'written';
    results.set(format, { format, dir, file, outcome });
  }
  const missing = formats.filter((format) => results.get(format)!.outcome === 'written');
  if (missing.length > 0) await write(run, missing, { folder, madeFrom });
  return [...results.values()];
}

async function write(
  run: string,
  formats: readonly ExportFormatName[],
  { folder, madeFrom }: Pick<ExportModelOptions, 'folder'> & Pick<ExportRecord, 'madeFrom'>,
): Promise<void> {
  const { EXPORT_FORMATS } = await import('./export-formats.js');
  const loaded = await loadModel(run);
  try {
    const planned = formats.map((format) => {
      const { plan, input } = EXPORT_FORMATS[format];
      return { format, input, files: plan(loaded) };
    });
    for (const { format, input, files } of planned) {
      const dir = folder(format);
      const record = path.join(dir, MODEL_FILES.metadata);
      await mkdir(dir, { recursive: true });
      await rm(record, { force: true }); // from here on the folder holds no export
      const written: Record<string, string> = {};
      for (const { name, bytes } of await files()) {
        written[name] = (await writeFileAtomic(path.join(dir, name), bytes)).sha256;
      }
      const exported: ExportRecord = {
        format,
        exporterVersion: EXPORTER_VERSION,
        input,
        madeFrom,
        files: written,
      };
      const metadata = { ...loaded.metadata, export: exported };
      await writeFileAtomic(record, `${JSON.stringify(metadata, null, 2)}\n`);
    }
  } finally {
    loaded.model.dispose();
  }
}

/** Whether a folder holds this export of this model, every file as it was written. */
async function isWhole(
  dir: string,
  { format, madeFrom }: Pick<ExportRecord, 'format' | 'madeFrom'>,
): Promise<boolean> {
  const record = await readRecord(path.join(dir, MODEL_FILES.metadata));
  if (
    record?.format !== format ||
    record.exporterVersion !== EXPORTER_VERSION ||
    canonicalJson(record.madeFrom as Json) !== canonicalJson(madeFrom as Json)
  )
    return false;
  const names = Object.keys(record.files);
  if (!names.every((name) => existsSync(path.join(dir, name)))) return false;
  return canonicalJson(await digests(dir, names)) === canonicalJson(record.files as Json);
}

/** What metadata.json says of an export; null where it is not there, or is no such record: it is then written anew. */
async function readRecord(file: string): Promise<ExportRecord | null> {
  if (!existsSync(file)) return null;
  try {
    const { export: record } = JSON.parse(await readFile(file, 'utf8')) as { export?: ExportRecord };
    return typeof record?.files === 'object' ? record : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

async function digests(dir: string, names: readonly string[]): Promise<Record<string, string>> {
  const found = names.map(async (name) => [name, (await digestFile(path.join(dir, name))).sha256] as const);
  return Object.fromEntries(await Promise.all(found));
}
