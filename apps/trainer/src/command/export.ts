import path from 'node:path';
import { EXPORT_FORMAT_NAMES, exportModel, type ExportFormatName, type ExportResult } from '@atelier/model';
import { openDataset, resolveDataset, startFolder, unknownName, usageError } from '@atelier/stage';
import { findRun } from '../run/run-folder.js';
import type { CommandLine } from './arguments.js';

/** `export`: writes a run's model in other formats, below the run's folder or another one. */
export async function exportRun({ dataset, set, run: name, format, out, json }: CommandLine): Promise<void> {
  const formats = chosenFormats(format);
  const { root } = await openDataset(resolveDataset(dataset), set);
  const run = await findRun(root, name);
  const folder = out === null ? path.join(run.dir, 'export') : path.resolve(startFolder(), out);
  const results = await exportModel(run.dir, { formats, folder: (each) => path.join(folder, each) });
  if (json) process.stdout.write(`${JSON.stringify({ run: run.name, exports: results }, null, 2)}\n`);
  else process.stdout.write(results.map((result) => `${line(result)}\n`).join(''));
}

const line = ({ format, file, outcome }: ExportResult) =>
  `${format.padEnd(12)}  ${file}${outcome === 'kept' ? '  (up to date)' : ''}`;

/**
 * The formats that a list names; all without one.
 * @throws AtelierError USAGE for a name that is none
 */
export function chosenFormats(list: string | null): readonly ExportFormatName[] {
  if (list === null) return EXPORT_FORMAT_NAMES;
  const names = list.split(',').map((each) => each.trim());
  for (const name of names) {
    if (name === 'tflite') {
      throw usageError(
        'no kept JavaScript library writes TFLite',
        'Export savedmodel, and convert that in Python: tf.lite.TFLiteConverter.from_saved_model(folder).convert().',
      );
    }
    if (!(EXPORT_FORMAT_NAMES as readonly string[]).includes(name)) {
      throw unknownName(name, { noun: 'format', known: EXPORT_FORMAT_NAMES });
    }
  }
  return [...new Set(names)] as ExportFormatName[];
}
