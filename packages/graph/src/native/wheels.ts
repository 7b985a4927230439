/** The one TensorFlow release whose C library is taken out of a wheel. */
export const TENSORFLOW_VERSION = '2.21.0';

/** A wheel on PyPI that holds TensorFlow's C library and its headers. */
export interface Wheel {
  /** The distribution's name as pip takes it. */
  readonly distribution: string;
  /** The file's name, which pip chooses from the tags below. */
  readonly file: string;
  /** pip's `--platform`. */
  readonly platformTag: string;
  /** The oldest glibc it runs with, [major, minor]; null where it needs none. */
  readonly glibc: readonly [number, number] | null;
  /** Lower-case hexadecimal SHA-256 of the whole file. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** What the members we keep take on disk. */
  readonly unpackedBytes: number;
  /** The two shared libraries inside `tensorflow/`: the C API, and the framework it needs. */
  readonly libraries: readonly [capi: string, framework: string];
}

/** pip's `--python-version` and tags: one fixed Python, so that the file and its digest do not depend on the local one. */
export const PYTHON_TAGS = { version: '3.12', implementation: 'cp', abi: 'cp312' } as const;

const LINUX_LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;
const MAC_LIBRARIES = ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'] as const;

/**
 * By `${process.platform}-${process.arch}`. Digests of the files as PyPI serves them; only linux-x64 has been compiled
 * against and run, the others have been read. `tensorflow-cpu` exists for
 * x86-64 only; elsewhere plain `tensorflow` is the build without GPU. There is no wheel of this version for
 * Intel Macs, and Windows' wheel has no C library to link with.
 */
const WHEELS: Readonly<Record<string, Wheel>> = {
  'linux-x64': {
    distribution: 'tensorflow-cpu',
    file: 'tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl',
    platformTag: 'manylinux_2_27_x86_64',
    glibc: [2, 27],
    sha256: 'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
    sizeBytes: 274_000_871,
    unpackedBytes: 864_000_000,
    libraries: LINUX_LIBRARIES,
  },
  'linux-arm64': {
    distribution: 'tensorflow',
    file: 'tensorflow-2.21.0-cp312-cp312-manylinux_2_27_aarch64.whl',
    platformTag: 'manylinux_2_27_aarch64',
    glibc: [2, 27],
    sha256: 'b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552',
    sizeBytes: 281_946_471,
    unpackedBytes: 894_000_000,
    libraries: LINUX_LIBRARIES,
  },
  'darwin-arm64': {
    distribution: 'tensorflow',
    file: 'tensorflow-2.21.0-cp312-cp312-macosx_12_0_arm64.whl',
    platformTag: 'macosx_12_0_arm64',
    glibc: null,
    sha256: '56ecd7d47429acbe1df2694d50b75bf9fc3995ac92cb367cd9af6c4780ead712',
    sizeBytes: 223_488_205,
    unpackedBytes: 751_000_000,
    libraries: MAC_LIBRARIES,
  },
};

/** The machine as far as it decides what can be installed. */
export interface Machine {
  /** `${process.platform}-${process.arch}`. */
  readonly platform: string;
  /** `process.versions.napi`, the newest Node-API this Node offers. */
  readonly napi: number;
}

/** This machine. */
export function thisMachine(): Machine {
  return { platform: `${process.platform}-${process.arch}`, napi: Number(process.versions.napi) };
}

/** The C library's version where that is glibc ("2.36"), else undefined. Takes some 10 ms. */
export function glibcVersion(): string | undefined {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime;
}

/** The wheel for a platform, or undefined where none serves. */
export function wheelFor(platform: string): Wheel | undefined {
  return Object.hasOwn(WHEELS, platform) ? WHEELS[platform] : undefined;
}

/** The platforms that {@link wheelFor} knows. */
export const WHEEL_PLATFORMS: readonly string[] = Object.keys(WHEELS);

/** What pip is asked for: this file and nothing it depends on. */
export function pipArguments(wheel: Wheel, folder: string): string[] {
  return [
    'download',
    '--no-deps',
    '--only-binary=:all:',
    `--python-version=${PYTHON_TAGS.version}`,
    `--implementation=${PYTHON_TAGS.implementation}`,
    `--abi=${PYTHON_TAGS.abi}`,
    `--platform=${wheel.platformTag}`,
    '--no-cache-dir', // ours keeps what matters, and a damaged file must not come back from pip's
    '--retries=2',
    '--progress-bar=off',
    '--disable-pip-version-check',
    '--no-input',
    `--dest=${folder}`,
    `${wheel.distribution}==${TENSORFLOW_VERSION}`,
  ];
}

const HEADER_FOLDERS = ['tensorflow/c/', 'tensorflow/core/platform/', 'xla/tsl/', 'tsl/', 'absl/'];

/**
 * Where a member of the wheel goes below the cache's folder, or undefined for the 15,000 that are not needed:
 * the two libraries to `lib/`, the headers that the addon's sources reach to `include/`.
 */
export function memberTarget(wheel: Wheel, member: string): string | undefined {
  for (const library of wheel.libraries) if (member === `tensorflow/${library}`) return `lib/${library}`;
  const header = /^tensorflow\/include\/(.+\.(?:h|inc))$/.exec(member)?.[1];
  if (header === undefined || header.split('/').includes('..')) return undefined;
  return HEADER_FOLDERS.some((folder) => header.startsWith(folder)) ? `include/${header}` : undefined;
}
