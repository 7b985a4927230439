import { AtelierError, messageOf } from '@atelier/core';

import type { CommandResult } from './run-command.js';
import { type Wheel, WHEEL_PLATFORMS } from './wheels.js';

/** Why a step failed, and what a person can do about it. */
export interface Failure {
  readonly problem: string;
  readonly hint: string;
}

/** A step that was tried and failed. */
export interface FailedStep extends Failure {
  /** As it stands in the message: "PyPI's wheel". */
  readonly step: string;
  readonly cause: unknown;
}

/** What still works without native TensorFlow; ends every hint of the installation. */
const WITHOUT = 'Without it training runs, slower, on the WebAssembly backend.';

/** The one error of a failed installation: every step that was tried with its reason, and the last one's remedy. */
export function installFailure(failed: readonly FailedStep[]): AtelierError {
  return new AtelierError({
    code: 'NATIVE_UNAVAILABLE',
    action: 'install native TensorFlow',
    problem: failed.map(({ step, problem }) => `${step}: ${problem.replace(/\.$/, '')}`).join('; '),
    hint: `${failed.at(-1)?.hint ?? ''} ${WITHOUT}`.trim(),
    cause: failed.at(-1)?.cause,
  });
}

/** An error that carries a {@link Failure} out of a step. */
export function stepError(failure: Failure, cause?: unknown): AtelierError {
  return new AtelierError({
    code: 'NATIVE_UNAVAILABLE',
    action: 'install native TensorFlow',
    ...failure,
    cause,
  });
}

/** Any error of a step as problem and hint; the file system's get their own words. */
export function failureOf(error: unknown): Failure {
  if (error instanceof AtelierError) return { problem: error.problem, hint: error.hint };
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC') return { problem: `the disk is full${path ? ` (${path})` : ''}`, hint: SPACE_HINT };
  if (code !== undefined && UNWRITABLE.includes(code)) {
    return { problem: `${path ?? 'a folder'} cannot be written to (${code})`, hint: WRITE_HINT };
  }
  return {
    problem: messageOf(error),
    hint: 'Run it again; if it fails in the same way, report this message.',
  };
}

const UNWRITABLE = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'];
const SPACE_HINT =
  'Free some space, or set ATELIER_CACHE_DIR to a folder on a larger disk, and run it again.';
const WRITE_HINT =
  'Make it writable (or, where it is the cache, set ATELIER_CACHE_DIR to a folder that is) and run it again.';

/** Node versions tfjs-node 4.22.0 does not load on; undefined for the rest. */
export function nodeFailure(version: string): Failure | undefined {
  if (Number(version.split('.')[0]) < 23) return undefined;
  return {
    problem: `@tensorflow/tfjs-node 4.22.0 does not load on Node ${version} (it calls functions that Node 23 removed)`,
    hint: 'Use Node 20 or 22.',
  };
}

/** No wheel for this platform. */
export function noWheelFailure(platform: string): Failure {
  return {
    problem: `there is no TensorFlow wheel with a C library for ${platform} (there is for ${WHEEL_PLATFORMS.join(', ')})`,
    hint: 'Install @tensorflow/tfjs-node\'s own addon ("npm rebuild @tensorflow/tfjs-node --build-addon-from-source").',
  };
}

/** The wheel's libraries need a newer glibc than `found`, or there is none (Alpine's musl). */
export function libcFailure(wheel: Wheel, found: string | undefined): Failure | undefined {
  if (wheel.glibc === null) return undefined;
  const [major, minor] = wheel.glibc;
  const [hasMajor = 0, hasMinor = 0] = (found ?? '').split('.').map(Number);
  if (hasMajor > major || (hasMajor === major && hasMinor >= minor)) return undefined;
  return {
    problem: `the wheel needs glibc ${major}.${minor} and this system has ${found ?? 'another C library (Alpine?)'}`,
    hint: 'Use a Linux with a newer glibc (Debian 11, Ubuntu 20.04 and later).',
  };
}

/** The disk that holds the cache is too small. */
export function spaceFailure(folder: string, needed: number, free: number): Failure | undefined {
  if (free >= needed) return undefined;
  return {
    problem: `${folder} needs ${megabytes(needed)} free and has ${megabytes(free)}`,
    hint: SPACE_HINT,
  };
}

/** A wheel whose digest is not the pinned one; `byHand` is where a person put it, if one did. */
export function digestFailure(wheel: Wheel, found: string, byHand?: string): Failure {
  return {
    problem: `${byHand ?? wheel.file} has SHA-256 ${found} where ${wheel.sha256} is expected, so it was not used`,
    hint:
      byHand === undefined
        ? 'Run it again; if it stays so, something on the way to PyPI (a proxy, a mirror) changes files: ask who runs it.'
        : "Put PyPI's own file there, or delete it.",
  };
}

/** Neither Python with pip nor pip itself could be started. */
export function noPipFailure(tried: readonly string[]): Failure {
  return {
    problem: `no pip was found (tried ${tried.join(', ')})`,
    hint: 'Install Python 3 with pip (Debian, Ubuntu: apt-get install python3-pip) and run it again.',
  };
}

const UNREACHED =
  /NewConnectionError|ConnectionError|Connect(ion)?Timeout|ReadTimeout|timed out|name resolution|ProxyError/i;

/** Why pip did not bring the wheel. `byHand` says where a person may put it instead. */
export function pipFailure({ ok, stderr, ending }: CommandResult, byHand: string): Failure {
  const said = tellingLine(stderr, /^ERROR/);
  if (ok) {
    return {
      problem: 'pip ended without an error and without the file that was asked for',
      hint: `Check pip's index and find-links settings (pip config list), or ${byHand}.`,
    };
  }
  if (/No space left on device|Errno 28/.test(stderr)) {
    return { problem: 'the disk ran full while pip downloaded', hint: SPACE_HINT };
  }
  if (/CERTIFICATE_VERIFY_FAILED|SSLError/.test(stderr)) {
    return {
      problem: "pip does not trust the server's certificate",
      hint: `Tell pip of your company's certificate (pip config set global.cert FILE) and run it again, or ${byHand}.`,
    };
  }
  if (UNREACHED.test(stderr)) {
    return {
      problem: `pip cannot reach its index (${/\[Errno [^'")]+/.exec(stderr)?.[0] ?? said})`,
      hint: `Check the network, or pip's proxy and index (pip config list), and run it again; or ${byHand}.`,
    };
  }
  if (/from versions: /.test(stderr)) {
    return {
      problem: `pip's index does not offer it, or cannot be reached (${said})`,
      hint: `Check the network and pip's index (pip config list), and run it again; or ${byHand}.`,
    };
  }
  return { problem: `pip failed, ${ending}: ${said}`, hint: `Mend that and run it again, or ${byHand}.` };
}

/** Why the addon was not compiled. */
export function compileFailure(compiler: string, result: CommandResult): Failure {
  if (/No space left on device/.test(result.stderr)) {
    return { problem: 'the disk ran full while compiling', hint: SPACE_HINT };
  }
  return {
    problem: `${compiler} failed, ${result.ending}: ${tellingLine(result.stderr, /error/i)}`,
    hint: 'It takes a compiler that knows C++17 and its standard headers (g++ 9 or clang 9 and newer); CXX names another one.',
  };
}

/** No C++ compiler could be started. */
export function noCompilerFailure(tried: readonly string[], platform: string): Failure {
  const how = platform.startsWith('darwin')
    ? 'xcode-select --install'
    : 'Debian, Ubuntu: apt-get install g++';
  return {
    problem: `no C++ compiler was found (tried ${tried.join(', ')})`,
    hint: `Install one (${how}) or name one in CXX, and run it again.`,
  };
}

/** Why tfjs-node's own installer did not bring its addon. */
export function downloadFailure(result: CommandResult): Failure {
  return {
    problem: result.ok
      ? 'its installer ended without an addon'
      : tellingLine(result.stderr, /^\w*Error:/) || result.ending,
    hint: 'Let this machine reach the host that tfjs-node downloads from, or set TFJS_NODE_CDN_STORAGE to a mirror.',
  };
}

/** Why an addon that is there is of no use; `remedy` is what to delete, so that it is made anew. */
export function loadFailure(
  addonPath: string,
  { result, remedy }: { result: CommandResult; remedy: string },
): Failure {
  if (result.ending === 'signal SIGILL') {
    return {
      problem: `${addonPath} does not run on this CPU, which lacks instructions it was built for (AVX)`,
      hint: 'Use another machine, or the WebAssembly backend.',
    };
  }
  return {
    problem: `${addonPath} does not load: ${tellingLine(result.stderr, /^\w*Error:/) || result.ending}`,
    hint: `Delete ${remedy} and run it again.`,
  };
}

/** The first line that matches, else the last one, without a traceback's indent; "" for an empty text. */
export function tellingLine(text: string, telling: RegExp): string {
  const lines = text.split('\n').map((line) => line.trim());
  const told = lines.filter((line) => telling.test(line) && !line.startsWith('throw '));
  return (told[0] ?? lines.filter((line) => line !== '').at(-1) ?? '').slice(0, 300);
}

/** "274 MB", decimal. */
export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6).toLocaleString('en-US')} MB`;
}
