import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { AtelierError, compareCodePoints, messageOf, printable } from '@atelier/core';
import { classify, loadModel, type Classification } from '@atelier/model';
import { openDataset, resolveDataset, startFolder, usageError } from '@atelier/stage';
import { chooseEngine, engineLine } from '../engine/choose-engine.js';
import { inferenceOptions } from '../engine/train-engine.js';
import { findRun } from '../run/run-folder.js';
import type { CommandLine } from './arguments.js';
import { FORMATS, type FormatName } from './prediction-formats.js';

/** Files of a folder that are taken for pictures; a file that is named itself is always tried. */
const PICTURE = /\.(jpe?g|png|webp|gif|tiff?|avif|heic|bmp|jp2)$/iu;
const DEFAULT_TOP = 3;

/**
 * `predict`: prints the likeliest classes of pictures. A file that cannot be classified is a row that says why, and
 * the exit code is then 1.
 */
export async function predict(options: CommandLine): Promise<void> {
  const { format, top } = outputOptions(options);
  if (options.paths.length === 0) throw usageError('predict needs files or folders', 'Give predict PATHS…');
  const { root, config } = await openDataset(resolveDataset(options.dataset), options.set);
  const run = await findRun(root, options.run);
  const files = await listPictures(options.paths, startFolder());
  const { model, metadata } = await loadModel(run.dir);
  const choice = await chooseEngine(config.train.engine, { model, options: inferenceOptions });
  try {
    process.stderr.write(
      `${engineLine(choice)}\nmodel: ${run.name}, ${metadata.classNames.length} classes\n`,
    );
    const { engine } = choice;
    const rows: Classification[] = [];
    const answers = classify(files, {
      metadata,
      predict: (pixels, count) => engine.predict(pixels, count),
      limits: config.limits, // not the model's: the remedy of a refusal is to raise one in dataset.json
    });
    for await (const row of answers) rows.push(row);
    process.stdout.write(await FORMATS[format](rows, top));
    const failed = rows.filter((row) => 'error' in row);
    for (const { error } of failed) process.stderr.write(`${error.message}\n`);
    if (failed.length > 0) process.exitCode = 1;
  } finally {
    choice.engine.dispose();
    model.dispose();
  }
}

function outputOptions({ format, json, top }: CommandLine): { format: FormatName; top: number } {
  const name = format ?? (json ? 'json' : 'table');
  const names = Object.keys(FORMATS);
  if (!names.includes(name)) throw usageError(`--format is ${name}`, `Give ${names.join(', ')}.`);
  const count = top === null ? DEFAULT_TOP : Number(top);
  if (!Number.isInteger(count) || count < 1)
    throw usageError(`--top is ${top}`, 'Give a whole number from 1.');
  return { format: name as FormatName, top: count };
}

/**
 * The files that paths stand for: files as they are, folders with all pictures below them, each folder in code-point
 * order. What does not exist stays in the list and becomes a row that says so.
 * @param from the folder that relative paths start at
 */
export async function listPictures(paths: readonly string[], from: string): Promise<string[]> {
  const lists = await Promise.all(paths.map((given) => expand(path.resolve(from, given))));
  const files = lists.flat();
  if (files.length > 0) return files;
  throw new AtelierError({
    code: 'INPUT_MISSING',
    action: 'find pictures in',
    path: paths.map(printable).join(', '),
    problem: 'there are none',
    hint: 'Name the files themselves, or folders that hold pictures.',
  });
}

async function expand(file: string): Promise<string[]> {
  const info = await stat(file).catch(() => null);
  if (info === null || !info.isDirectory()) return [file];
  let entries;
  try {
    entries = await readdir(file, { recursive: true, withFileTypes: true });
  } catch (error) {
    throw new AtelierError({
      code: 'READ_FAILED',
      action: 'list the pictures in',
      path: file,
      problem: messageOf(error),
      hint: 'Make the folder readable.',
      cause: error,
    });
  }
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && PICTURE.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort(compareCodePoints);
}
