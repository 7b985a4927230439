import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { messageOf } from '@atelier/core';

import { addonKey } from './compile-addon.js';
import { addonPathOf, tfjsNodeFolder } from './native-paths.js';
import { TENSORFLOW_VERSION, thisMachine } from './wheels.js';

/** What is installed of native TensorFlow. */
export interface NativeState {
  /**
   * Where it came from: tfjs-node's own installation (its download, or what a person built there), our build
   * against the library from PyPI's wheel, or nothing.
   */
  readonly kind: 'tfjs-node-download' | 'wheel' | 'none';
  /** "2.21.0"; null where nothing is installed or it has never been loaded. */
  readonly tensorflowVersion: string | null;
  /** The TensorFlow library the addon is linked with; null where unknown. */
  readonly libraryPath: string | null;
  /** Where tfjs-node looks for its addon; null where no addon lies there. */
  readonly addonPath: string | null;
  /** `${process.platform}-${process.arch}`. */
  readonly platform: string;
  /** Why it cannot be used as it is; null when it can. */
  readonly problem: string | null;
}

/** Written beside the addon once it has been seen to load, so that nobody need try again. */
export interface Stamp {
  readonly format: 1;
  readonly kind: 'tfjs-node-download' | 'wheel';
  readonly tensorflowVersion: string;
  readonly platform: string;
  readonly addonSha256: string;
  /** Of kind 'wheel': {@link addonKey} of what it was compiled from. */
  readonly addonKey: string | null;
  readonly libraryPath: string | null;
  readonly librarySizeBytes: number | null;
}

/** The stamp's path, beside the addon. */
export function stampPathOf(addonPath: string): string {
  return join(dirname(addonPath), 'atelier-native.json');
}

/** Lower-case hexadecimal SHA-256 of a small file. */
export function digestOfFile(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/**
 * What is installed, from a few small files: nothing is loaded, started or written (under 2 ms).
 *
 * @param tfjsNode tfjs-node's folder; the one this package resolves to unless given.
 */
export function nativeState(tfjsNode: string = tfjsNodeFolder()): NativeState {
  const { platform, napi } = thisMachine();
  const addonPath = addonPathOf(tfjsNode, napi);
  const nothing = { kind: 'none', tensorflowVersion: null, libraryPath: null, platform } as const;
  if (!existsSync(addonPath)) return { ...nothing, addonPath: null, problem: 'no addon is installed' };
  const stamp = readStamp(addonPath);
  if (typeof stamp === 'string') return { ...nothing, addonPath, problem: stamp };
  const { kind, tensorflowVersion, libraryPath } = stamp;
  return {
    kind,
    tensorflowVersion,
    libraryPath,
    addonPath,
    platform,
    problem: stampProblem(stamp, { addonPath, tfjsNode }),
  };
}

/** The stamp beside an addon, or why there is none to go by. */
export function readStamp(addonPath: string): Stamp | string {
  const path = stampPathOf(addonPath);
  if (!existsSync(path)) return 'the addon there has not been tried yet';
  try {
    const stamp = JSON.parse(readFileSync(path, 'utf8')) as Stamp;
    return stamp.format === 1 ? stamp : 'its stamp is of another version';
  } catch (error) {
    return `its stamp cannot be read (${messageOf(error)})`;
  }
}

function stampProblem(
  stamp: Stamp,
  { addonPath, tfjsNode }: { addonPath: string; tfjsNode: string },
): string | null {
  if (stamp.platform !== thisMachine().platform) return `it was installed for ${stamp.platform}`;
  if (stamp.kind === 'wheel' && stamp.tensorflowVersion !== TENSORFLOW_VERSION) {
    return `it is TensorFlow ${stamp.tensorflowVersion} where ${TENSORFLOW_VERSION} is wanted`;
  }
  if (stamp.kind === 'wheel' && stamp.addonKey !== addonKey(stamp.platform, tfjsNode)) {
    return 'the addon was compiled from other sources';
  }
  if (stamp.addonSha256 !== digestOfFile(addonPath)) return 'the addon has changed since it was tried';
  if (stamp.libraryPath === null) return null;
  const library = statSync(stamp.libraryPath, { throwIfNoEntry: false });
  if (library === undefined) return `its library ${stamp.libraryPath} is gone`;
  return library.size === stamp.librarySizeBytes ? null : `its library ${stamp.libraryPath} has changed`;
}
