import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readArrowTable, type ArrowTable } from '@atelier/artifacts';

/** What a trained run says of the samples it was judged by. */
export interface Predictions {
  readonly run: string;
  /** predictions.arrow: sample_id, source_id, split, true, predicted, loss, probabilities. */
  readonly table: ArrowTable;
  readonly classNames: readonly string[];
  /** The predicted class of each source picture that it was judged by, as the picture is: variant 0. */
  readonly classOf: ReadonlyMap<string, string>;
}

/** The newest finished run, as `models/latest` says; null where nothing has been trained. */
export async function latestRun(root: string): Promise<string | null> {
  const latest = await readFile(join(root, 'models', 'latest'), 'utf8').catch(() => '');
  const name = latest.trim();
  return isRunName(name) && existsSync(join(root, 'models', name, 'model.json')) ? name : null;
}

/** Whether it can be the name of a run: never a path. */
export const isRunName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name);

/**
 * Reads the predictions of runs; each is read again when its file has changed.
 * @returns null where the run has left none
 * @throws AtelierError ARTIFACT_DAMAGED
 */
export function predictionsReader(root: string): (run?: string) => Promise<Predictions | null> {
  const read = new Map<string, { signature: string; value: Promise<Predictions> }>();
  return async (run) => {
    const name = run ?? (await latestRun(root));
    if (name === null || !isRunName(name)) return null;
    const path = join(root, 'models', name, 'predictions.arrow');
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return null;
    const signature = `${found.size} ${found.mtimeMs}`;
    const known = read.get(name);
    if (known?.signature === signature) return known.value;
    const value = readPredictions(name, path);
    read.set(name, { signature, value });
    value.catch(() => read.delete(name));
    return value;
  };
}

async function readPredictions(run: string, path: string): Promise<Predictions> {
  const table = await readArrowTable(path);
  const classNames = JSON.parse(table.metadata['atelier.classes'] ?? '[]') as string[];
  const samples = table.column('sample_id', 'utf8');
  const sources = table.column('source_id', 'utf8');
  const predicted = table.column('predicted', 'int32');
  const classOf = new Map<string, string>();
  samples.forEach((sample, row) => {
    if (sample.endsWith('#0'))
      classOf.set(sources[row] as string, classNames[predicted[row] as number] as string);
  });
  return { run, table, classNames, classOf };
}
