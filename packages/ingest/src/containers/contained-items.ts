import { resolve } from 'node:path';
import { AtelierError, type DatasetConfig, type Json } from '@atelier/core';
import { refuseSize, type DecoderPool } from '@atelier/image';
import {
  quarantineOf,
  type Outcome,
  type PlanContext,
  type PlannedItem,
  type ProcessContext,
} from '@atelier/stage';
import { listTree } from '../list-tree.js';
import { metadataFiles } from '../sources-by-metadata.js';
import { NAMING_FILES } from './class-names.js';
import type { Contained } from './contained.js';
import { CONTAINERS, containersIn, type ContainerLayout } from './sources-in-containers.js';
import { seenNow, takeOut, type Seen, type TakeOut } from './take-out.js';

/** A container as it was when the plan looked into it. */
export type SeenContainer = Seen & { readonly sha256: string };

/**
 * The digests of containers and of the tables beside pictures, asked for before they are read, so that a later change
 * is seen by the next run.
 * @returns the containers, by their paths below the folder of pictures
 */
export async function containerDigests({
  root,
  dataset: { images, layout },
  digests,
}: Pick<PlanContext, 'root' | 'digests'> & {
  dataset: Pick<DatasetConfig, 'images' | 'layout'>;
}): Promise<Map<string, SeenContainer>> {
  const found = new Map<string, SeenContainer>();
  if (layout === 'class' || layout === 'split/class') return found;
  const tree = await listTree(resolve(root, images));
  const path = (name: string) => `${images}/${name}`;
  const naming = (NAMING_FILES as readonly string[]).filter((name) => tree.files.includes(name));
  await digests([...naming, ...metadataFiles(tree)].map(path));
  if (!(layout in CONTAINERS)) return found;
  const containers = containersIn(tree, layout as ContainerLayout);
  const seen = await Promise.all(containers.map((name) => seenNow(resolve(root, path(name)))));
  const digestOf = await digests(containers.map(path));
  containers.forEach((name, i) =>
    found.set(name, { ...(seen[i] as Seen), sha256: digestOf.get(path(name)) as string }),
  );
  return found;
}

/** The item of a picture inside a container: it is taken out into sources/pictures/. */
export function containedItem(
  of: { id: string; params: Readonly<Record<string, Json>>; contained: Contained },
  from: { root: string; images: string; name: string; containers: ReadonlyMap<string, SeenContainer> },
): PlannedItem {
  const { id, params, contained: at } = of;
  const { sha256, ...seen } = from.containers.get(at.container) as SeenContainer;
  const path = resolve(from.root, from.images, at.container);
  return {
    id,
    inputs: { [`images/${at.container}`]: sha256 },
    params,
    outputs: [`sources/pictures/${from.name}`],
    // the rows of a Parquet file are read by their groups, the entries of an archive one by one
    ...(at.kind === 'parquet' && { group: `${at.container} ${at.rows[0]}` }),
    work: { at, path, seen } satisfies TakeOut,
  };
}

/** Whether an item's work is a picture inside a container. */
export const isTakenOut = (work: unknown): work is TakeOut =>
  typeof work === 'object' && work !== null && 'at' in work;

/** Takes the pictures of one group out of their container, and probes each. */
export async function takeOutAll(
  items: readonly PlannedItem[],
  context: Pick<ProcessContext, 'write' | 'stagedPath'> & {
    config: { limits: Omit<DatasetConfig['limits'], 'quarantineBudget'> };
  },
  decoders: DecoderPool,
): Promise<Outcome[]> {
  const { limits } = context.config;
  const outcomes = new Map<PlannedItem, Outcome>();
  const fits = items.filter((item) => {
    const { at } = item.work as TakeOut;
    if (at.kind !== 'tar' || at.sizeBytes <= limits.maxFileBytes) return true;
    const error = refuseSize(at.sizeBytes, limits.maxFileBytes); // told by its header, without reading it
    outcomes.set(item, { quarantine: quarantineOf(error, `images/${item.id}`) });
    return false;
  });
  if (fits.length > 0) {
    for await (const [item, picture] of takeOut(fits, limits.maxFileBytes)) {
      outcomes.set(item, await keep(item, picture));
    }
  }
  return items.map((item) => outcomes.get(item) as Outcome);

  async function keep(item: PlannedItem, picture: Uint8Array | AtelierError): Promise<Outcome> {
    const [path] = item.outputs as [string];
    try {
      if (picture instanceof AtelierError) throw picture;
      const output = await context.write(path, picture);
      const source = { path: await context.stagedPath(path), sha256: output.sha256 };
      return { outputs: [output], data: { ...(await decoders.probe(source, limits)) } };
    } catch (error) {
      return { quarantine: quarantineOf(error, `images/${item.id}`) };
    }
  }
}
