import {
  compileFailure,
  digestFailure,
  downloadFailure,
  failureOf,
  installFailure,
  libcFailure,
  loadFailure,
  nodeFailure,
  noCompilerFailure,
  noPipFailure,
  noWheelFailure,
  pipFailure,
  spaceFailure,
  stepError,
} from './failure.js';
import type { CommandResult } from './run-command.js';
import { type Wheel, wheelFor } from './wheels.js';

const wheel = wheelFor('linux-x64') as Wheel;
const failed: CommandResult = { ok: false, notFound: false, ending: 'exit code 1', stdout: '', stderr: '' };
const said = (stderr: string): CommandResult => ({ ...failed, stderr });

describe('installFailure', () => {
  it('is one error that names every way tried, why it failed, and what to do', () => {
    const error = installFailure([
      { step: 'what is there', problem: 'no addon.', hint: 'first', cause: undefined },
      { step: 'the wheel', problem: 'no pip was found', hint: 'Install pip.', cause: new Error('x') },
    ]);
    expect(error.code).toBe('NATIVE_UNAVAILABLE');
    expect(error.message).toBe(
      'Cannot install native TensorFlow: what is there: no addon; the wheel: no pip was found. ' +
        'Install pip. Without it training runs, slower, on the WebAssembly backend.',
    );
    expect(error.cause).toEqual(new Error('x'));
  });
});

describe('failureOf', () => {
  it('keeps the words of a step and finds its own for the file system', () => {
    expect(failureOf(stepError({ problem: 'p', hint: 'h' }))).toEqual({ problem: 'p', hint: 'h' });
    expect(failureOf(Object.assign(new Error('x'), { code: 'ENOSPC', path: '/c/lib' })).problem).toBe(
      'the disk is full (/c/lib)',
    );
    expect(failureOf(Object.assign(new Error('x'), { code: 'EACCES', path: '/c' })).hint).toMatch(
      /ATELIER_CACHE_DIR/,
    );
    expect(failureOf(new Error('odd\nthing')).problem).toBe('odd; thing');
  });
});

describe('pipFailure', () => {
  // as pip 23.2 says it
  const refused =
    "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection." +
    "HTTPConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/x/\n" +
    'ERROR: Could not find a version that satisfies the requirement tensorflow-cpu==2.21.0 (from versions: none)\n' +
    'ERROR: No matching distribution found for tensorflow-cpu==2.21.0\n';

  it.each([
    [
      'no network',
      refused,
      /cannot reach its index \(\[Errno 111\] Connection refused\)/,
      /network.*put it there/,
    ],
    [
      'no such version',
      refused.split('\n').slice(1).join('\n'),
      /does not offer it, or cannot be reached/,
      /pip config list/,
    ],
    [
      'a full disk',
      'ERROR: [Errno 28] No space left on device',
      /disk ran full while pip/,
      /Free some space/,
    ],
    [
      'a foreign certificate',
      'SSLError(SSLCertVerificationError(1, CERTIFICATE_VERIFY_FAILED))',
      /certificate/,
      /global\.cert/,
    ],
    ['anything else', 'ERROR: odd thing', /pip failed, exit code 1: ERROR: odd thing/, /put it there/],
  ])('%s', (...[, stderr, problem, hint]) => {
    const failure = pipFailure(said(stderr), 'put it there');
    expect(failure.problem).toMatch(problem);
    expect(failure.hint).toMatch(hint);
  });

  it('a file of another name', () => {
    expect(pipFailure({ ...failed, ok: true }, 'put it there').problem).toMatch(/without the file/);
  });
});

describe('each other failure says what is wrong and how to mend it', () => {
  const texts = (failure: { problem: string; hint: string } | undefined): string =>
    `${failure?.problem} | ${failure?.hint}`;

  it.each([
    [
      'pip',
      noPipFailure(['python3 -m pip', 'pip']),
      /no pip was found \(tried python3 -m pip, pip\) \| Install Python 3/,
    ],
    [
      'compiler',
      noCompilerFailure(['c++'], 'linux-x64'),
      /no C\+\+ compiler was found \(tried c\+\+\) \| .*apt-get install g\+\+/,
    ],
    ['compiler on a Mac', noCompilerFailure(['c++'], 'darwin-arm64'), /xcode-select --install/],
    [
      'compiling',
      compileFailure('g++', said('a.cc: In f:\na.cc:1:9: fatal error: x.h: No such file')),
      /g\+\+ failed, exit code 1: a\.cc:1:9: fatal error/,
    ],
    ['platform', noWheelFailure('win32-x64'), /no TensorFlow wheel .* win32-x64 .*linux-x64/],
    [
      'digest',
      digestFailure(wheel, 'abc'),
      /has SHA-256 abc where dcc8.* is expected, so it was not used \| .*mirror/,
    ],
    [
      'digest of a file put there',
      digestFailure(wheel, 'abc', '/c/x.whl'),
      /\/c\/x\.whl has SHA-256 abc .* or delete it/,
    ],
    [
      'disk',
      spaceFailure('/cache', 1_412_000_000, 2_000_000),
      /\/cache needs 1,412 MB free and has 2 MB \| .*ATELIER_CACHE_DIR/,
    ],
    ['Node', nodeFailure('24.1.0'), /does not load on Node 24\.1\.0 .* \| Use Node 20 or 22/],
    ['old glibc', libcFailure(wheel, '2.17'), /needs glibc 2\.27 and this system has 2\.17/],
    ['musl', libcFailure(wheel, undefined), /another C library \(Alpine\?\)/],
    [
      'old CPU',
      loadFailure('/a.node', { result: { ...failed, ending: 'signal SIGILL' }, remedy: '/a.node' }),
      /CPU.*AVX/,
    ],
    [
      'addon',
      loadFailure('/a.node', { result: said('throw e\nError: x.so: cannot open'), remedy: '/c' }),
      /\/a\.node does not load: Error: x\.so: cannot open \| Delete \/c/,
    ],
    [
      'installer',
      downloadFailure(said('node:events\n throw er;\n\nError: getaddrinfo ENOTFOUND host\n at x')),
      /^Error: getaddrinfo ENOTFOUND host \|/,
    ],
    [
      'silent installer',
      downloadFailure({ ...failed, ending: 'nothing came from its host in 20 s' }),
      /nothing came from its host/,
    ],
  ])('%s', (_, failure, pattern) => {
    expect(texts(failure)).toMatch(pattern);
  });

  it('nothing where nothing is wrong', () => {
    expect(spaceFailure('/cache', 5, 5)).toBeUndefined();
    expect(nodeFailure('22.9.0')).toBeUndefined();
    expect(libcFailure(wheel, '2.27')).toBeUndefined();
    expect(libcFailure(wheel, '3.0')).toBeUndefined();
    expect(libcFailure({ ...wheel, glibc: null }, undefined)).toBeUndefined();
  });
});
