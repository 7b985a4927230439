import type { Manifest, ManifestItem, ManifestOutput, ManifestQuarantine } from '@atelier/artifacts';
import type { DatasetConfig, Json, StageName, WorkerName } from '@atelier/core';

/** A stage is data: what it is called, what it reads, how it plans, how it makes one item. */
export interface Stage<Config extends Json = Json> {
  readonly name: WorkerName;
  /** Raised whenever the same inputs and settings would give other outputs: everything is then redone. */
  readonly version: number;
  /** The stages whose manifests it reads. */
  readonly inputs: readonly StageName[];
  /** What one item is, for messages: "picture", "shard". */
  readonly noun: string;
  /**
   * The part of dataset.json that decides this stage's results, in dataset.json's own nesting, so that a change
   * can be named as the person wrote it. An item in quarantine that names `limits` is tried again when one of them
   * has another value here, whether or not it is a part of the item's key.
   */
  config(dataset: DatasetConfig): Config;
  /**
   * What the plan looks at besides the manifests of `inputs` and the files whose digests it asks for, such as the
   * listing of a folder: while this, the settings and those files stay the same, the plan need not be made again.
   */
  fingerprint?(context: Pick<PlanContext<Config>, 'root' | 'dataset'>): Promise<string>;
  /** The wanted items. Reads manifests (and, for ingest, the folder of pictures); writes nothing. */
  plan(context: PlanContext<Config>): Promise<Plan>;
  /**
   * Makes items that belong together (one `group`). Every file goes through `context.write` or
   * `context.stagedPath`: nothing lands under its final name before the commit.
   * @returns one outcome per item, in the same order
   */
  process(items: readonly PlannedItem[], context: ProcessContext<Config>): Promise<readonly Outcome[]>;
}

/** One thing that a stage wants to exist. */
export interface PlannedItem {
  readonly id: string;
  /** What it is made from: the path of each file read, relative to the dataset, and its SHA-256. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The part of the stage's config that this item depends on; all of it by default. */
  readonly settings?: Json;
  /** Whatever else decides the result, such as the split; kept in the manifest. */
  readonly params?: Readonly<Record<string, Json>>;
  /** The files it consists of, relative to the dataset. */
  readonly outputs: readonly string[];
  /** Items of one group are handed to `process` together, those that are stale; alone by default. */
  readonly group?: string;
  /** Made once all others are: it describes their files, which it finds by {@link ProcessContext.items}. */
  readonly last?: boolean;
  /** Handed to `process` as it is and kept nowhere; must follow from the fields above. */
  readonly work?: unknown;
}

/** What {@link Stage.plan} wants. */
export interface Plan {
  readonly items: readonly PlannedItem[];
  /** More fields for the manifest's first line. */
  readonly header?: Readonly<Record<string, Json>>;
  /** What the person should know, one line each: an empty class, a class with one picture. */
  readonly warnings?: readonly string[];
  /** Bytes that the outputs will take, where that can be told beforehand: [item id, bytes]. */
  readonly sizeBytes?: (item: PlannedItem) => number;
}

/** What a plan may look at. */
export interface PlanContext<Config extends Json = Json> {
  /** The dataset's folder. */
  readonly root: string;
  readonly dataset: DatasetConfig;
  readonly config: Config;
  /** The manifests of the stages named in `inputs`. */
  readonly upstream: Readonly<Partial<Record<StageName, Manifest>>>;
  /** The manifest of the run before, for a stage whose earlier decisions are an input (the split lock). */
  readonly previous: Manifest | undefined;
  /** SHA-256 of files, from the stat record where size and mtime are unchanged; relative to the dataset, or absolute. */
  digests(paths: readonly string[]): Promise<Map<string, string>>;
  /** Leave earlier decisions aside: `--resplit`. */
  readonly resplit: boolean;
}

/** What {@link Stage.process} works with. */
export interface ProcessContext<Config extends Json = Json> {
  readonly root: string;
  readonly dataset: DatasetConfig;
  readonly config: Config;
  readonly upstream: Readonly<Partial<Record<StageName, Manifest>>>;
  /**
   * Reads an input and checks that it still is what was planned.
   * @param path relative to the dataset
   * @throws AtelierError INPUT_CHANGED, INPUT_MISSING, or READ_FAILED, also behind a link that leads out of the dataset
   */
  read(path: string, sha256: string): Promise<Uint8Array>;
  /** Writes one output; its path is relative to the dataset. */
  write(path: string, data: Uint8Array | string): Promise<ManifestOutput>;
  /** Where to write an output that is too large to hold; return its size and digest in the outcome. */
  stagedPath(path: string): Promise<string>;
  /** What is made so far and what was kept, by id: for items that are made last, all the others. */
  items(): ReadonlyMap<string, ManifestItem>;
}

/** What became of one item. */
export type Outcome =
  | { readonly outputs: readonly ManifestOutput[]; readonly data?: Readonly<Record<string, Json>> }
  | { readonly quarantine: ManifestQuarantine };

/** Why an item is made (again). */
export interface Reason {
  readonly kind: 'new' | 'input' | 'parameter' | 'version' | 'renamed' | 'missing' | 'altered';
  /** In words: "augment.rotation.maxDegrees changed from 25 to 10". */
  readonly text: string;
}
