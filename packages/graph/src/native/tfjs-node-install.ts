import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

import { downloadFailure, stepError } from './failure.js';
import { placeText } from './place-file.js';
import type { Command, CommandResult } from './run-command.js';

const LIMIT_MS = 600_000;

/** What {@link runTfjsNodeInstaller} works on. */
export interface InstallerContext {
  readonly tfjsNode: string;
  /** Where the addon must lie afterwards. */
  readonly addonPath: string;
  readonly run: (command: Command) => Promise<CommandResult>;
}

/**
 * tfjs-node's own installation (`scripts/install.js`: libtensorflow 2.9.1 and a prebuilt addon from its own host),
 * stopped when nothing has come after 20 s. What a failed one leaves behind is removed: its half-unpacked library
 * would pass for a whole one the next time. The package.json that it rewrites while it runs is put back.
 *
 * @param firstByteMs the host must have sent something after so many milliseconds.
 * @throws AtelierError NATIVE_UNAVAILABLE with the installer's own words.
 */
export async function runTfjsNodeInstaller(
  { tfjsNode, addonPath, run }: InstallerContext,
  firstByteMs = 20_000,
): Promise<void> {
  const deps = join(tfjsNode, 'deps');
  const manifest = join(tfjsNode, 'package.json');
  const before = { deps: existsSync(deps), manifest: readFileSync(manifest, 'utf8') };
  const result = await run({
    file: process.execPath,
    args: [join(tfjsNode, 'scripts', 'install.js')],
    cwd: tfjsNode,
    env: { ...process.env, PATH: [...binFolders(tfjsNode), process.env['PATH'] ?? ''].join(delimiter) },
    limitMs: LIMIT_MS,
    stopWhen: (elapsedMs) =>
      elapsedMs > firstByteMs && !hasArrived(tfjsNode)
        ? `nothing came from its host in ${firstByteMs / 1000} s`
        : undefined,
  });
  if (readFileSync(manifest, 'utf8') !== before.manifest) await placeText(manifest, before.manifest);
  if (result.ok && existsSync(addonPath)) return;
  if (!before.deps) await rm(deps, { recursive: true, force: true });
  throw stepError(downloadFailure(result));
}

function hasArrived(tfjsNode: string): boolean {
  const deps = join(tfjsNode, 'deps');
  return (
    (existsSync(deps) && readdirSync(deps).length > 0) || existsSync(join(tfjsNode, 'scripts', '_tmp.zip'))
  );
}

/** Every `node_modules/.bin` above the package, nearest first, as npm puts them on PATH for a script. */
function binFolders(folder: string): string[] {
  const up = dirname(folder);
  return [join(folder, 'node_modules', '.bin'), ...(up === folder ? [] : binFolders(up))];
}
