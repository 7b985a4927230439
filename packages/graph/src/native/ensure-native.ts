import { existsSync, statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { addonCompilation, compileAddon, compiledAddonPath } from './compile-addon.js';
import {
  type FailedStep,
  failureOf,
  installFailure,
  loadFailure,
  nodeFailure,
  noWheelFailure,
  stepError,
} from './failure.js';
import { withInstallLock } from './install-lock.js';
import { addonPathOf, cachePaths, type CachePaths, tfjsNodeFolder } from './native-paths.js';
import { digestOfFile, nativeState, type NativeState, type Stamp, stampPathOf } from './native-state.js';
import { placeCopy, placeText } from './place-file.js';
import { type Command, type CommandResult, runCommand } from './run-command.js';
import { runTfjsNodeInstaller } from './tfjs-node-install.js';
import { ensureWheelLibrary, hasWheelLibrary, wheelEffects } from './wheel-library.js';
import { type Machine, thisMachine, type Wheel, wheelFor } from './wheels.js';

/** How to install. */
export interface EnsureNativeOptions {
  /** Gets a line for each thing that is tried or takes long; nothing when there is nothing to do. */
  readonly report: (line: string) => void;
  /** Install afresh: the addon and the cached library of this version are thrown away first. */
  readonly force?: boolean;
}

/** One way to come by the addon. Throws where it fails. */
export interface InstallStep {
  /** As it stands in messages. */
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** What the installation does to the world; tests put their own in. */
export interface NativeEffects {
  readonly machine: Machine;
  readonly state: () => NativeState;
  readonly locked: (work: () => Promise<NativeState>) => Promise<NativeState>;
  readonly discard: () => Promise<void>;
  /** In the order in which they are tried. */
  readonly steps: readonly InstallStep[];
}

/**
 * Native TensorFlow for tfjs-node, installed if it is not: what is there (an addon in node_modules that loads, or
 * our cache), then tfjs-node's own download, then the C library of PyPI's wheel with the addon compiled against it.
 * Where it is done already this reads three small files (2 ms). Several processes may call it at once.
 *
 * @returns what is installed; `problem` is null.
 * @throws AtelierError NATIVE_UNAVAILABLE naming each way that was tried, why it failed and what to do.
 */
export async function ensureNative(
  options: EnsureNativeOptions,
  effects: NativeEffects = realEffects(options.report),
): Promise<NativeState> {
  const refused = nodeFailure(effects.machine.node);
  if (refused !== undefined) throw stepError(refused);
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'; // for this process and its children; a person's own value stays
  const found = options.force === true ? undefined : installed(effects);
  if (found !== undefined) return found;
  return effects.locked(() => install(options, effects));
}

function installed(effects: NativeEffects): NativeState | undefined {
  const state = effects.state();
  return state.kind !== 'none' && state.problem === null ? state : undefined;
}

async function install({ report, force }: EnsureNativeOptions, effects: NativeEffects): Promise<NativeState> {
  if (force === true) await effects.discard();
  const meanwhile = installed(effects);
  if (meanwhile !== undefined) return meanwhile;
  const failed: FailedStep[] = [];
  for (const step of effects.steps) {
    const started = performance.now();
    try {
      await step.run();
      const state = installed(effects);
      if (state === undefined)
        throw new Error(`it ended without a usable addon (${effects.state().problem})`);
      report(
        `TensorFlow ${state.tensorflowVersion} is installed: ${step.name}, ${seconds(performance.now() - started)}`,
      );
      return state;
    } catch (error) {
      const failure = { step: step.name, ...failureOf(error), cause: error };
      failed.push(failure);
      report(`TensorFlow: ${step.name}: no (${failure.problem})`);
    }
  }
  throw installFailure(failed);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Everything the steps share. */
interface Context {
  readonly machine: Machine;
  readonly tfjsNode: string;
  /** Where tfjs-node looks for its addon. */
  readonly addonPath: string;
  readonly paths: CachePaths;
  readonly wheel: Wheel | undefined;
  readonly report: (line: string) => void;
  readonly run: (command: Command) => Promise<CommandResult>;
}

/** The real world: this machine, this tfjs-node, the person's cache. */
export function realEffects(report: (line: string) => void): NativeEffects {
  const machine = thisMachine();
  const tfjsNode = tfjsNodeFolder();
  const addonPath = addonPathOf(tfjsNode, machine.napi);
  const paths = cachePaths(machine.platform);
  const context = {
    machine,
    tfjsNode,
    addonPath,
    paths,
    wheel: wheelFor(machine.platform),
    report,
    run: runCommand,
  };
  return {
    machine,
    state: () => nativeState(tfjsNode),
    locked: (work) =>
      withInstallLock(join(paths.parent, 'install.lock'), {
        work,
        waiting: (pid) => report(`TensorFlow: another process (${pid}) is installing it; waiting`),
      }),
    discard: () => discard(context),
    steps: [
      { name: 'what is already there', run: () => fromWhatIsThere(context) },
      { name: "tfjs-node's own download", run: () => fromTfjsNode(context) },
      { name: "the C library of PyPI's wheel", run: () => fromWheel(context) },
    ],
  };
}

async function discard({ addonPath, paths }: Context): Promise<void> {
  for (const path of [stampPathOf(addonPath), addonPath]) await rm(path, { force: true });
  await rm(paths.folder, { recursive: true, force: true });
}

async function fromWhatIsThere(context: Context): Promise<void> {
  const { addonPath, paths, wheel, tfjsNode } = context;
  if (existsSync(addonPath)) {
    const ours =
      wheel !== undefined && hasWheelLibrary(paths.folder, wheel) && isCompiledHere(context, wheel);
    const version = await tensorflowVersionOf(addonPath, context).catch(async (error: unknown) => {
      await rm(addonPath, { force: true }); // tfjs-node's installer would take it for done
      if (wheel === undefined || !hasWheelLibrary(paths.folder, wheel)) throw error;
      context.report(`TensorFlow: ${failureOf(error).problem}; replacing it`);
      return undefined;
    });
    if (version !== undefined) return stamp(context, ours ? 'wheel' : 'tfjs-node-download', version);
  }
  if (wheel === undefined || !hasWheelLibrary(paths.folder, wheel)) {
    throw stepError({ problem: `no addon in ${tfjsNode} and nothing in ${paths.folder}`, hint: '' });
  }
  await linkCached(context, wheel);
}

/** Whether the addon in node_modules is the one this cache compiled. */
function isCompiledHere({ machine, paths, tfjsNode, addonPath }: Context, wheel: Wheel): boolean {
  const cached = compiledAddonPath(
    addonCompilation({ platform: machine.platform, wheel, folder: paths.folder }, tfjsNode),
  );
  return existsSync(cached) && digestOfFile(cached) === digestOfFile(addonPath);
}

async function fromTfjsNode(context: Context): Promise<void> {
  await runTfjsNodeInstaller(context, context.run);
  await stamp(context, 'tfjs-node-download', await tensorflowVersionOf(context.addonPath, context));
}

async function fromWheel(context: Context): Promise<void> {
  const { wheel, paths, machine, report } = context;
  if (wheel === undefined) throw stepError(noWheelFailure(machine.platform));
  await ensureWheelLibrary(wheel, paths, wheelEffects(report));
  await linkCached(context, wheel);
}

/** Puts the addon that belongs to the cached library where tfjs-node looks, compiled first where it must be. */
async function linkCached(context: Context, wheel: Wheel): Promise<void> {
  const { machine, paths, tfjsNode, addonPath } = context;
  const compilation = addonCompilation({ platform: machine.platform, wheel, folder: paths.folder }, tfjsNode);
  const addon = await compileAddon(compilation, context);
  const version = await tensorflowVersionOf(addon, context);
  await placeCopy(addonPath, addon);
  await stamp(context, 'wheel', version);
}

async function stamp(
  { addonPath, machine, paths, wheel, tfjsNode }: Context,
  kind: Stamp['kind'],
  version: string,
): Promise<void> {
  const libraryPath =
    kind === 'wheel' && wheel !== undefined
      ? join(paths.folder, 'lib', wheel.libraries[0])
      : await downloadedLibrary(tfjsNode);
  const content: Stamp = {
    format: 1,
    kind,
    tensorflowVersion: version,
    platform: machine.platform,
    addonSha256: digestOfFile(addonPath),
    libraryPath,
    librarySizeBytes: libraryPath === null ? null : statSync(libraryPath).size,
  };
  await placeText(stampPathOf(addonPath), `${JSON.stringify(content, null, 2)}\n`);
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
async function tensorflowVersionOf(addonPath: string, { run }: Pick<Context, 'run'>): Promise<string> {
  const result = await run({ file: process.execPath, args: ['-e', PROBE, addonPath], limitMs: 120_000 });
  if (!result.ok || result.stdout === '') throw stepError(loadFailure(addonPath, result));
  return result.stdout;
}
