import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { digestFailure, megabytes, noPipFailure, pipFailure, spaceFailure, stepError } from './failure.js';
import type { CachePaths } from './native-paths.js';
import { placeFolder, placeText, removeLeftovers, temporaryName } from './place-file.js';
import type { Command, CommandResult } from './run-command.js';
import { memberTarget, pipArguments, TENSORFLOW_VERSION, type Wheel } from './wheels.js';

/** Says in the cache's folder what lies there; written last. */
interface Receipt {
  readonly format: 1;
  readonly version: string;
  readonly wheel: string;
  readonly sha256: string;
  /** Size of each library in bytes, by its path below the folder. */
  readonly libraries: Readonly<Record<string, number>>;
}

/** What {@link ensureWheelLibrary} needs from outside. */
export interface WheelEffects {
  readonly run: (command: Command) => Promise<CommandResult>;
  readonly freeBytes: (folder: string) => Promise<number>;
  readonly report: (line: string) => void;
}

/** What a folder's disk still takes, in bytes. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Whether the cache's folder holds this wheel's libraries, by its receipt and their sizes. */
export function hasWheelLibrary(folder: string, wheel: Wheel): boolean {
  const path = join(folder, 'receipt.json');
  if (!existsSync(path)) return false;
  const receipt = parseReceipt(readFileSync(path, 'utf8'));
  if (receipt?.format !== 1 || receipt.sha256 !== wheel.sha256) return false;
  return wheel.libraries.every((name) => {
    const found = statSync(join(folder, 'lib', name), { throwIfNoEntry: false });
    return found !== undefined && found.size === receipt.libraries[`lib/${name}`];
  });
}

/** Undefined for a damaged one, whose folder is then made anew. */
function parseReceipt(text: string): Receipt | undefined {
  try {
    return JSON.parse(text) as Receipt;
  } catch {
    return undefined;
  }
}

/**
 * TensorFlow's C library and headers in the cache: nothing to do where they are, else out of the wheel, which lies
 * beside (put there by hand) or is fetched with pip. 274 MB come over the network, 870 MB stay on disk.
 *
 * @throws AtelierError NATIVE_UNAVAILABLE for want of disk, pip or network, and for a wrong digest.
 */
export async function ensureWheelLibrary(
  wheel: Wheel,
  paths: CachePaths,
  effects: WheelEffects,
): Promise<void> {
  if (hasWheelLibrary(paths.folder, wheel)) return;
  await mkdir(paths.parent, { recursive: true });
  await removeLeftovers(paths.parent);
  const byHand = join(paths.parent, wheel.file);
  const needed = wheel.unpackedBytes + (existsSync(byHand) ? 0 : 2 * wheel.sizeBytes); // pip holds it twice
  const space = spaceFailure(paths.parent, needed, await effects.freeBytes(paths.parent));
  if (space !== undefined) throw stepError(space);
  const scratch = await mkdtemp(temporaryName(join(paths.parent, 'download')));
  try {
    const file = existsSync(byHand) ? byHand : await download(wheel, { scratch, byHand }, effects);
    const found = await sha256Of(file);
    if (found !== wheel.sha256)
      throw stepError(digestFailure(wheel, found, file === byHand ? byHand : undefined));
    effects.report(`TensorFlow: unpacking the C library (${megabytes(wheel.unpackedBytes)})`);
    await placeFolder(
      paths.folder,
      (folder) => unpack(file, wheel, folder),
      (folder) => hasWheelLibrary(folder, wheel),
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** How pip may be started, best first. */
export const PIP_COMMANDS: readonly (readonly [string, ...string[]])[] = [
  ['python3', '-m', 'pip'],
  ['python', '-m', 'pip'],
  ['pip3'],
  ['pip'],
];

async function download(
  wheel: Wheel,
  { scratch, byHand }: { scratch: string; byHand: string },
  effects: WheelEffects,
): Promise<string> {
  effects.report(
    `TensorFlow: downloading ${wheel.file} (${megabytes(wheel.sizeBytes)}, once for all clones)`,
  );
  for (const [file, ...before] of PIP_COMMANDS) {
    const args = [...before, ...pipArguments(wheel, scratch)];
    // pip unpacks metadata in TMPDIR, which may be a small memory disk
    const result = await effects.run({
      file,
      args,
      env: { ...process.env, TMPDIR: scratch },
      limitMs: 1_800_000,
    });
    if (result.notFound || /No module named '?pip|command not found/.test(result.stderr)) continue;
    const path = join(scratch, wheel.file);
    if (result.ok && existsSync(path)) return path;
    throw stepError(pipFailure(result, `put ${wheel.file} (from PyPI's ${wheel.distribution}) at ${byHand}`));
  }
  throw stepError(noPipFailure(PIP_COMMANDS.map((command) => command.join(' '))));
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function unpack(file: string, wheel: Wheel, folder: string): Promise<void> {
  const { openPromise } = await import('yauzl');
  const zip = await openPromise(file);
  const libraries: Record<string, number> = {};
  try {
    for await (const entry of zip.eachEntry()) {
      const target = memberTarget(wheel, entry.fileName);
      if (target === undefined) continue;
      const path = join(folder, target);
      const isLibrary = target.startsWith('lib/');
      await mkdir(dirname(path), { recursive: true });
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path, { flush: isLibrary }));
      if (isLibrary) libraries[target] = entry.uncompressedSize;
    }
  } finally {
    zip.close();
  }
  const receipt: Receipt = {
    format: 1,
    version: TENSORFLOW_VERSION,
    wheel: wheel.file,
    sha256: wheel.sha256,
    libraries,
  };
  await placeText(join(folder, 'receipt.json'), `${JSON.stringify(receipt, null, 2)}\n`);
}
