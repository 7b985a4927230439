import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '@atelier/artifacts';
import { AtelierError, compareCodePoints, printable } from '@atelier/core';
import { refuseLinksBelow, refuseLinksOut } from '@atelier/stage';

/** The runs of a dataset. */
const modelsFolder = (root: string) => path.join(root, 'models');
const LATEST = 'latest';

/** A run while it is trained: its folder gets its name when it is finished, so that what has the name is whole. */
export interface UnfinishedRun {
  readonly name: string;
  /** `models/.<name>.partial`. */
  readonly dir: string;
}

/** The folder of a finished run. */
export const runFolder = (root: string, name: string): string => path.join(modelsFolder(root), name);

const partialName = (name: string) => `.${name}.partial`;

/**
 * Makes the folder of a new run.
 * @param name null takes the next free one of run-0001, run-0002, …
 * @throws AtelierError USAGE where the name is taken or is none
 */
export async function createRun(root: string, name: string | null): Promise<UnfinishedRun> {
  const models = modelsFolder(root);
  await mkdir(models, { recursive: true });
  if (name !== null) {
    checkName(name);
    if (existsSync(path.join(models, name)) || existsSync(path.join(models, partialName(name)))) {
      throw usage(
        `start the run ${name}`,
        'there is a run of this name',
        'Choose another --run, or give --resume.',
      );
    }
  }
  for (;;) {
    const chosen = name ?? nextName(await readdir(models));
    const dir = path.join(models, partialName(chosen));
    try {
      await mkdir(dir);
      return { name: chosen, dir };
    } catch (error) {
      // another trainer has just taken the name: look for the next one
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || name !== null) throw error;
    }
  }
}

function nextName(entries: readonly string[]): string {
  const numbers = entries.map((entry) => Number(/^\.?run-(\d+)(\.partial)?$/.exec(entry)?.[1] ?? 0));
  return `run-${String(Math.max(0, ...numbers) + 1).padStart(4, '0')}`;
}

function checkName(name: string): void {
  if (isName(name)) return;
  throw usage(
    `call the run "${name}"`,
    'it is not a name for a run',
    'Use letters, digits, ".", "_" and "-".',
  );
}

/** A name is never a path: a file from elsewhere may give it. */
const isName = (name: string) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name) && name !== LATEST;

/**
 * Refuses folders of models in which symbolic links lead out of the dataset: training reads and writes all of them.
 * @throws AtelierError WRITE_FAILED
 */
export async function refuseModelLinks(root: string): Promise<void> {
  await refuseLinksBelow(root, modelsFolder(root));
}

/** The runs that were begun and not finished, by name. */
export async function unfinishedRuns(root: string): Promise<UnfinishedRun[]> {
  return (await entriesOf(modelsFolder(root)))
    .flatMap((entry) => {
      const name = /^\.(.+)\.partial$/.exec(entry)?.[1];
      return name === undefined ? [] : [{ name, dir: path.join(modelsFolder(root), entry) }];
    })
    .sort((a, b) => compareCodePoints(a.name, b.name));
}

/** Gives a run its name, in one instant, and then says that it is the newest. @returns the folder's new path */
export async function finishRun(root: string, run: UnfinishedRun): Promise<string> {
  const dir = path.join(modelsFolder(root), run.name);
  await rename(run.dir, dir);
  await markLatest(root, run.name);
  return dir;
}

/** Writes `models/latest`, a text file with the name of a finished run. */
export async function markLatest(root: string, name: string): Promise<void> {
  await writeFileAtomic(path.join(modelsFolder(root), LATEST), `${name}\n`);
}

/** The names of the finished runs, by code point. */
export async function finishedRuns(root: string): Promise<string[]> {
  const models = modelsFolder(root);
  const entries = await entriesOf(models);
  return entries
    .filter((entry) => !entry.startsWith('.') && existsSync(path.join(models, entry, 'model.json')))
    .sort(compareCodePoints);
}

/**
 * The folder of a finished run.
 * @param name null takes the newest, as `models/latest` says
 * @throws AtelierError INPUT_MISSING where there is none, naming those there are; WRITE_FAILED where links in it lead out
 * of the dataset
 */
export async function findRun(root: string, name: string | null): Promise<{ name: string; dir: string }> {
  const models = modelsFolder(root);
  const latest = path.join(models, LATEST);
  await refuseLinksOut(root, [latest]);
  const wanted = name ?? (existsSync(latest) ? (await readFile(latest, 'utf8')).trim() : null);
  if (wanted !== null && isName(wanted) && existsSync(path.join(models, wanted, 'model.json'))) {
    await refuseLinksBelow(root, path.join(models, wanted));
    return { name: wanted, dir: path.join(models, wanted) };
  }
  const runs = await finishedRuns(root);
  throw new AtelierError({
    code: 'INPUT_MISSING',
    action: 'find the model',
    path: models,
    problem:
      wanted === null ? 'nothing has been trained yet' : `there is no finished run "${printable(wanted)}"`,
    hint: runs.length > 0 ? `Give --run one of ${runs.join(', ')}.` : 'Train one: npx atelier train.',
  });
}

async function entriesOf(dir: string): Promise<string[]> {
  return existsSync(dir) ? readdir(dir) : [];
}

function usage(action: string, problem: string, hint: string): AtelierError {
  return new AtelierError({ code: 'USAGE', action, problem, hint });
}
