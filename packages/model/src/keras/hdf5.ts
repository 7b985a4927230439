import type { Dataset, File as Hdf5File, FS, Group, h5wasm } from 'h5wasm';

type Files = NonNullable<typeof FS>;

/** An array in an HDF5 file. */
export interface Hdf5Array {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

/** A group that holds arrays named 0, 1, 2, … */
export interface Hdf5Variables {
  /** "layers/conv2d/vars". */
  readonly group: string;
  /** The group's attribute "name". */
  readonly name: string;
  readonly arrays: readonly Hdf5Array[];
}

/** The HDF5 library compiled to WebAssembly, with files in memory. */
async function load(): Promise<{ hdf5: typeof h5wasm; files: Files }> {
  const { default: hdf5 } = await import('h5wasm');
  const { FS: files } = await hdf5.ready;
  return { hdf5, files: files as Files };
}

let opened = 0;

/** Runs `use` on a file in the library's memory, and removes it. */
async function withFile<Result>(
  { bytes }: { bytes: Uint8Array | null },
  use: (file: Hdf5File, read: () => Uint8Array) => Result,
): Promise<Result> {
  const { hdf5, files } = await load();
  const name = `atelier-${++opened}.h5`;
  if (bytes !== null) files.writeFile(name, bytes);
  const file = new hdf5.File(name, bytes === null ? 'w' : 'r');
  let isOpen = true;
  const close = () => {
    if (isOpen) file.close();
    isOpen = false;
  };
  try {
    return use(file, () => {
      close();
      return files.readFile(name) as Uint8Array;
    });
  } finally {
    close();
    files.unlink(name);
  }
}

/**
 * The bytes of an HDF5 file with these groups. HDF5 notes the second in which each array was made, so that two files
 * with the same content may differ in those four bytes.
 */
export function encodeHdf5(groups: readonly Hdf5Variables[]): Promise<Uint8Array> {
  return withFile({ bytes: null }, (file, read) => {
    for (const { group: path, name, arrays } of groups) {
      const parts = path.split('/');
      parts.forEach((_, i) => {
        const parent = parts.slice(0, i + 1).join('/');
        if (file.get(parent) === null) file.create_group(parent);
      });
      const group = file.get(path) as Group;
      group.create_attribute('name', name);
      arrays.forEach(({ values, shape }, i) =>
        group.create_dataset({ name: String(i), data: values, shape: [...shape], dtype: '<f4' }),
      );
    }
    return read();
  });
}

/**
 * Every group of an HDF5 file that holds arrays 0, 1, 2, …, by its path.
 * @throws Error where the bytes are no whole HDF5 file, or an array holds no float32
 */
export function decodeHdf5(bytes: Uint8Array): Promise<Map<string, Hdf5Variables>> {
  return withFile({ bytes }, (file) => {
    const found = new Map<string, Hdf5Variables>();
    for (const path of file.paths().filter((each) => /(^|\/)vars$/.test(each))) {
      const group = file.get(path) as Group;
      const arrays = group
        .keys()
        .sort((a, b) => Number(a) - Number(b))
        .map((key) => arrayOf(group.get(key) as Dataset, `${path}/${key}`));
      const plain = path.replace(/^\//, '');
      found.set(plain, { group: plain, name: String(group.attrs['name']?.value ?? ''), arrays });
    }
    return found;
  });
}

function arrayOf({ value, shape, dtype }: Dataset, path: string): Hdf5Array {
  if (!(value instanceof Float32Array) || shape === null) {
    throw new Error(`${path} is of type ${String(dtype)}, not float32`);
  }
  return { values: value, shape };
}
