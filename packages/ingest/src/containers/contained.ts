/** Where a picture lies inside a file that holds many. */
export type Contained = {
  /** The file, below the folder of pictures. */
  readonly container: string;
} & (
  | { readonly kind: 'tar'; readonly offset: number; readonly sizeBytes: number }
  | {
      readonly kind: 'parquet';
      /** From 0, in the whole file. */
      readonly row: number;
      /** The rows that are read together: first, and one past the last. */
      readonly rows: readonly [number, number];
      readonly column: string;
    }
);

/** A picture that a container holds, as it is found there. */
export interface FoundEntry {
  /** Its name within the container. */
  readonly name: string;
  readonly at: Contained;
  /** As it stands there: a text, or an index into the names of the classes. */
  readonly label: string | number | undefined;
  /** As it stands there; undefined where nothing says it. */
  readonly split: string | undefined;
}

/** An entry that cannot be used, and why. */
export interface RefusedEntry {
  readonly name: string;
  readonly problem: string;
  readonly remedy: string;
}

/** All that a container holds of pictures. */
export interface ContainerIndex {
  readonly entries: readonly FoundEntry[];
  readonly refused: readonly RefusedEntry[];
  /** The names of the classes that its labels are indices of, where it says them. */
  readonly classNames: readonly string[] | undefined;
}

/** Columns of a Parquet file, or fields of a WebDataset sample. */
export interface ContainerColumns {
  readonly image: string;
  readonly path: string;
  readonly label: string;
  readonly split: string | null;
}
