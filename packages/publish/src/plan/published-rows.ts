import { sha256, type Manifest, type ManifestItem } from '@atelier/artifacts';
import {
  artifactNames,
  AtelierError,
  groupBy,
  printable,
  sampleId,
  type DatasetConfig,
  type Split,
} from '@atelier/core';

/** One picture as it is published. */
export interface PublishedRow {
  readonly sampleId: string;
  readonly sourceId: string;
  readonly variant: number;
  readonly split: Split;
  readonly className: string;
  readonly classIndex: number;
  /** The JPEG, relative to the dataset, its bytes and its digest. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** `<class>/<file>` without extension: no "." in the file's name, and unlike any other even where case does not count. */
  readonly name: string;
}

/** The manifests that rows come from. */
export interface RowSources {
  readonly resize: Manifest;
  readonly split: Manifest;
  readonly augment: Manifest;
  readonly labels: Manifest;
}

/**
 * The pictures to publish, by code point of their sampleIds: each source as resize left it, or all that augment made.
 * @throws AtelierError INPUT_CHANGED where the stages do not fit together
 */
export function publishedRows(
  sources: RowSources,
  pictures: DatasetConfig['publish']['pictures'],
): PublishedRow[] {
  const classes = sources.labels.header['classes'] as readonly string[];
  const indices = new Map(classes.map((name, i) => [name, i]));
  const found = pictures === 'resized' ? resizedRows(sources) : augmentedRows(sources.augment);
  const names = publishedNames(found);
  return found.map((row) => {
    const classIndex = indices.get(row.className);
    if (classIndex === undefined)
      throw misfit(row.sourceId, `the stage labels does not know its class "${printable(row.className)}"`);
    return { ...row, classIndex, name: names.get(row.sampleId) as string };
  });
}

type BareRow = Omit<PublishedRow, 'classIndex' | 'name'>;

function resizedRows({ resize, split }: RowSources): BareRow[] {
  const assigned = [...split.items.values()].filter((item) => item.params !== undefined);
  return assigned.map(({ id, params }) => {
    const file = resize.items.get(id)?.outputs[0];
    if (file === undefined) throw misfit(id, 'the stage resize has no such picture any more');
    const { className, split } = params as { className: string; split: Split };
    return { sampleId: sampleId(id, 0), sourceId: id, variant: 0, split, className, ...file };
  });
}

function augmentedRows(augment: Manifest): BareRow[] {
  return [...augment.items.values()].map(({ id, params, outputs }: ManifestItem) => {
    const { sourceId, variant, split, className } = params as {
      sourceId: string;
      variant: number;
      split: Split;
      className: string;
    };
    const [file] = outputs as [(typeof outputs)[number]];
    return { sampleId: id, sourceId, variant, split, className, ...file };
  });
}

/**
 * What each picture is called, by its sampleId: its class as a folder, and in it one name without folders, since some
 * readers take the innermost folder for the class and others the outermost; the name without dots, since those end a
 * key of WebDataset.
 */
function publishedNames(rows: readonly BareRow[]): Map<string, string> {
  const wishes = groupBy(rows, (row) => `${row.className.replaceAll('/', '_')}/${baseName(row)}`);
  const unique = new Map<string, string>();
  for (const [wish, same] of wishes) {
    for (const { sampleId } of same) {
      const suffix = same.length === 1 ? '' : `~${sha256(sampleId).slice(0, 16)}`;
      unique.set(`${wish}${suffix}`, sampleId);
    }
  }
  const safe = artifactNames(unique.keys());
  return new Map([...unique].map(([wish, id]) => [id, safe.get(wish) as string]));
}

/** The sourceId below its class folder, with the number of the variant. */
function baseName({ sourceId, className, variant }: BareRow): string {
  const parts = sourceId.split('/');
  const at = parts.slice(0, 2).findIndex((part) => part.normalize('NFC') === className);
  const below = parts.length > at + 1 ? parts.slice(at + 1) : parts;
  const stem = below.join('_').replace(/\.[^.]*$/u, (extension) => (extension === '.jpg' ? '' : extension));
  return `${stem.replaceAll('.', '_')}${variant > 0 ? `_${variant}` : ''}`;
}

function misfit(path: string, problem: string): AtelierError {
  return new AtelierError({
    code: 'INPUT_CHANGED',
    action: 'publish the picture',
    path,
    problem,
    hint: 'Run all stages in their order with "npx atelier preprocess".',
  });
}
