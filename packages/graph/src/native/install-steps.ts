import { existsSync, statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { addonKey, compileAddon } from './compile-addon.js';
import { failureOf, libcFailure, loadFailure, noWheelFailure, stepError } from './failure.js';
import { withInstallLock } from './install-lock.js';
import { addonPathOf, cachePaths, type CachePaths, tfjsNodeFolder } from './native-paths.js';
import {
  digestOfFile,
  nativeState,
  type NativeState,
  readStamp,
  type Stamp,
  stampPathOf,
} from './native-state.js';
import { placeCopy, placeText } from './place-file.js';
import { runCommand } from './run-command.js';
import { runTfjsNodeInstaller } from './tfjs-node-install.js';
import { ensureWheelLibrary, freeBytes, hasWheelLibrary, type WheelEffects } from './wheel-library.js';
import { glibcVersion, type Machine, thisMachine, type Wheel, wheelFor } from './wheels.js';

/** One way to come by the addon. Throws where it fails. */
export interface InstallStep {
  /** As it stands in messages. */
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** What the installation does to the world; tests put their own in. */
export interface NativeEffects {
  /** `process.versions.node`. */
  readonly nodeVersion: string;
  readonly state: () => NativeState;
  readonly locked: (work: () => Promise<NativeState>) => Promise<NativeState>;
  readonly discard: () => Promise<void>;
  /** In the order in which they are tried. */
  readonly steps: readonly InstallStep[];
}

/** Everything the steps share. */
export interface InstallContext extends WheelEffects {
  readonly machine: Machine;
  readonly tfjsNode: string;
  /** Where tfjs-node looks for its addon. */
  readonly addonPath: string;
  readonly paths: CachePaths;
  /** The wheel for this machine, undefined where there is none. */
  readonly wheel: Wheel | undefined;
}

/** This machine, this tfjs-node, the person's cache. */
export function installContext(report: (line: string) => void): InstallContext {
  const machine = thisMachine();
  const tfjsNode = tfjsNodeFolder();
  return {
    machine,
    tfjsNode,
    addonPath: addonPathOf(tfjsNode, machine.napi),
    paths: cachePaths(machine.platform),
    wheel: wheelFor(machine.platform),
    report,
    run: runCommand,
    freeBytes,
  };
}

/** The three ways to install, in their order, and what surrounds them. */
export function installEffects(context: InstallContext): NativeEffects {
  const { tfjsNode, paths, report } = context;
  return {
    nodeVersion: process.versions.node,
    state: () => nativeState(tfjsNode),
    locked: (work) =>
      withInstallLock(join(paths.parent, 'install.lock'), {
        work,
        waiting: () => report('TensorFlow: another process is installing it; waiting'),
      }),
    discard: () => discard(context),
    steps: [
      { name: 'what is already there', run: () => fromWhatIsThere(context) },
      { name: "tfjs-node's own download", run: () => fromTfjsNode(context) },
      { name: "the C library of PyPI's wheel", run: () => fromWheel(context) },
    ],
  };
}

async function discard({ addonPath, paths }: InstallContext): Promise<void> {
  for (const path of [stampPathOf(addonPath), addonPath]) await rm(path, { force: true });
  await rm(paths.folder, { recursive: true, force: true });
}

async function fromWhatIsThere(context: InstallContext): Promise<void> {
  const { addonPath, paths, tfjsNode, report } = context;
  const cached = cachedWheel(context);
  let problem = `no addon in ${tfjsNode}`;
  if (existsSync(addonPath)) {
    try {
      return await adopt(context);
    } catch (error) {
      problem = failureOf(error).problem;
      await rm(addonPath, { force: true }); // tfjs-node's installer would take it for done
    }
    if (cached !== undefined) report(`TensorFlow: ${problem}; replacing it`);
  }
  if (cached === undefined) throw stepError({ problem: `${problem}; nothing in ${paths.folder}`, hint: '' });
  await linkCached(context, cached);
}

/** The wheel whose library lies in the cache. */
function cachedWheel({ wheel, paths }: InstallContext): Wheel | undefined {
  return wheel !== undefined && hasWheelLibrary(paths.folder, wheel) ? wheel : undefined;
}

/** Takes the addon that is there for good, if it loads and is not ours: ours comes from the cache. */
async function adopt(context: InstallContext): Promise<void> {
  const { addonPath, tfjsNode } = context;
  const stamp = readStamp(addonPath);
  if (typeof stamp !== 'string' && stamp.kind === 'wheel' && stamp.addonSha256 === digestOfFile(addonPath)) {
    throw stepError({ problem: nativeState(tfjsNode).problem ?? 'it is to be replaced', hint: '' });
  }
  const version = await tensorflowVersionOf(addonPath, context);
  await writeStamp(context, { kind: 'tfjs-node-download', version, addon: addonPath });
}

async function fromTfjsNode(context: InstallContext): Promise<void> {
  await runTfjsNodeInstaller(context);
  const { addonPath: addon } = context;
  const version = await tensorflowVersionOf(addon, context);
  await writeStamp(context, { kind: 'tfjs-node-download', version, addon });
}

async function fromWheel(context: InstallContext): Promise<void> {
  const { wheel, paths, machine } = context;
  if (wheel === undefined) throw stepError(noWheelFailure(machine.platform));
  const refused = libcFailure(wheel, glibcVersion());
  if (refused !== undefined) throw stepError(refused);
  await ensureWheelLibrary(wheel, paths, context);
  await linkCached(context, wheel);
}

/** Puts the addon that belongs to the cached library where tfjs-node looks, compiled first where it must be. */
async function linkCached(context: InstallContext, { libraries }: Wheel): Promise<void> {
  const { machine, paths, tfjsNode, addonPath } = context;
  const wanted = { platform: machine.platform, libraries, folder: paths.folder, tfjsNode };
  const addon = await compileAddon(wanted, context);
  const version = await tensorflowVersionOf(addon, context);
  // the stamp first: an addon of ours without one would pass for tfjs-node's own
  await writeStamp(context, { kind: 'wheel', version, addon });
  await placeCopy(addonPath, addon);
}

interface Stamped {
  readonly kind: Stamp['kind'];
  readonly version: string;
  /** The addon, or the file that will be copied there. */
  readonly addon: string;
}

async function writeStamp(context: InstallContext, { kind, version, addon }: Stamped): Promise<void> {
  const { addonPath, machine, paths, wheel, tfjsNode } = context;
  const isOurs = kind === 'wheel' && wheel !== undefined;
  const libraryPath = isOurs
    ? join(paths.folder, 'lib', wheel.libraries[0])
    : await downloadedLibrary(tfjsNode);
  const stamp: Stamp = {
    format: 1,
    kind,
    tensorflowVersion: version,
    platform: machine.platform,
    addonSha256: digestOfFile(addon),
    addonKey: isOurs ? addonKey(machine.platform, tfjsNode) : null,
    libraryPath,
    librarySizeBytes: libraryPath === null ? null : statSync(libraryPath).size,
  };
  await placeText(stampPathOf(addonPath), `${JSON.stringify(stamp, null, 2)}\n`);
}

/** The library that tfjs-node's installer unpacked, null where there is none by a known name. */
async function downloadedLibrary(tfjsNode: string): Promise<string | null> {
  const folder = join(tfjsNode, 'deps', 'lib');
  const names = existsSync(folder) ? await readdir(folder) : [];
  const name = names.sort().find((each) => /^(lib)?tensorflow\.(so|dylib|dll)/.test(each));
  return name === undefined ? null : join(folder, name);
}

const PROBE = 'const b = require(process.argv[1]); process.stdout.write(b.TF_Version);';

/** Loads an addon in a process of its own, where a crash hurts nobody, and asks TensorFlow for its version. */
async function tensorflowVersionOf(addonPath: string, { run, paths }: InstallContext): Promise<string> {
  const result = await run({ file: process.execPath, args: ['-e', PROBE, addonPath], limitMs: 120_000 });
  if (result.ok && result.stdout !== '') return result.stdout;
  const isCached = addonPath.startsWith(paths.folder);
  throw stepError(loadFailure(addonPath, { result, remedy: isCached ? paths.folder : addonPath }));
}
