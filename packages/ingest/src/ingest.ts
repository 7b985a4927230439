import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sha256, type ManifestQuarantine } from '@atelier/artifacts';
import { artifactNames, type DatasetConfig } from '@atelier/core';
import { sharedDecoderPool, type DecoderPool } from '@atelier/image';
import { quarantineOf, type Outcome, type PlanContext, type PlannedItem, type Stage } from '@atelier/stage';
import { containedItem, containerDigests, isTakenOut, takeOutAll } from './containers/contained-items.js';
import { listSources, type RefusedRow } from './list-sources.js';
import { listTree } from './list-tree.js';
import { listingWarnings } from './listing-warnings.js';
import { tooLarge } from './too-large.js';

type Config = { limits: Omit<DatasetConfig['limits'], 'quarantineBudget'> };

/**
 * Stage 1. Lists the pictures and records what each one is: class, size, SHA-256, width, height, format,
 * orientation. Pictures stay where they are; those inside Parquet files and tar shards are taken out into
 * sources/pictures/, so that every later stage finds a file. A row of the table of labels
 * that cannot be obeyed is an item in quarantine.
 */
export const ingest: Stage<Config> = createIngest(sharedDecoderPool);

/**
 * The stage with decoders of one's choice.
 * @param decoders called when the first header is to be read: a run with nothing to do starts none
 */
export function createIngest(decoders: () => DecoderPool): Stage<Config> {
  return {
    name: 'ingest',
    version: 1,
    noun: 'picture',
    inputs: [],

    config({ limits: { quarantineBudget: _quarantineBudget, ...limits } }) {
      return { limits };
    },

    // the content of a table of labels is not part of it: the plan asks for its digest
    async fingerprint({ root, dataset }) {
      const { images, layout, labels, classes, limits } = dataset;
      const { encodings: _encodings, ...table } = labels;
      const tree = await listTree(resolve(root, images));
      const large = tooLarge(resolve(root, images), tree.files, limits.maxFileBytes); // nobody digests these
      return sha256(
        JSON.stringify([images, layout, table, layout === 'class' ? null : classes, tree, [...large]]),
      );
    },

    async plan({ root, dataset, digests }) {
      const { images, labels, limits } = dataset;
      const table = await tableDigest({ root, csv: labels.csv, digests }); // before it is read
      const containers = await containerDigests({ root, dataset, digests }); // as well
      const listing = await listSources(root, dataset);
      const { classNames, sources, refused, skipped } = listing;
      const ids = sources.filter(({ contained }) => contained === undefined).map(({ id }) => id);
      const large = tooLarge(resolve(root, images), ids, limits.maxFileBytes);
      const digestOf = await digests(ids.filter((id) => !large.has(id)).map((id) => join(images, id)));
      const settings = { limits: headerLimits(limits) };
      const names = artifactNames(sources.map(({ id }) => id));
      const items = sources.map(({ id, className, split, contained }): PlannedItem => {
        const params = { className, ...(split !== undefined && { split }) };
        if (contained !== undefined) {
          const name = names.get(id) as string;
          return {
            ...containedItem({ id, params, contained }, { root, images, name, containers }),
            settings,
          };
        }
        const work = large.get(id);
        if (work !== undefined)
          return { id, inputs: {}, settings, params: { ...params, problem: work.reason }, outputs: [], work };
        const sha256 = digestOf.get(join(images, id)) as string;
        return { id, inputs: { [`images/${id}`]: sha256 }, settings, params, outputs: [] };
      });
      return {
        items: [...items, ...refused.map((row) => ({ ...refusedItem(row), settings }))],
        header: { classNames, skipped, ...(table !== undefined && { table }) },
        warnings: listingWarnings(listing),
      };
    },

    async process(items, context) {
      const [item] = items;
      const { root, dataset, config } = context;
      const { id, work, inputs } = item as PlannedItem;
      if (isTakenOut(work)) return takeOutAll(items, context, decoders());
      if (work !== undefined) return [{ quarantine: work as ManifestQuarantine }];
      const [[name, sha256]] = Object.entries(inputs) as [[string, string]];
      try {
        const source = { path: resolve(root, dataset.images, id), sha256 };
        return [{ outputs: [], data: { ...(await decoders().probe(source, config.limits)) } }];
      } catch (error) {
        return [{ quarantine: quarantineOf(error, name) }] satisfies Outcome[];
      }
    },
  };
}

/** What decides who is refused; time and memory are no part of the keys of pictures, for they change none that is read. */
function headerLimits({
  quarantineBudget: _quarantineBudget,
  timeoutMs: _timeoutMs,
  maxMemoryBytes: _maxMemoryBytes,
  ...limits
}: DatasetConfig['limits']) {
  return limits;
}

/** The digest of the table of labels; undefined where there is none, or none is there: reading it says so better. */
async function tableDigest({
  root,
  csv,
  digests,
}: Pick<PlanContext, 'root' | 'digests'> & { csv: string | null }): Promise<string | undefined> {
  if (csv === null || !existsSync(resolve(root, csv))) return undefined;
  return (await digests([csv])).get(csv);
}

function refusedItem({ id, path, reason, remedy }: RefusedRow): PlannedItem {
  const quarantine: ManifestQuarantine = { code: 'INPUT_INVALID', path, reason, remedy };
  return { id, inputs: {}, params: { problem: reason }, outputs: [], work: quarantine };
}
