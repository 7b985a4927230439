import fc from 'fast-check';

import {
  memberTarget,
  PYTHON_TAGS,
  pipArguments,
  TENSORFLOW_VERSION,
  type Wheel,
  WHEEL_PLATFORMS,
  wheelFor,
} from './wheels.js';

const linux = wheelFor('linux-x64') as Wheel;

describe('wheelFor', () => {
  it.each([
    ['linux-x64', 'tensorflow-cpu', 'manylinux_2_27_x86_64', 'libtensorflow_cc.so.2'],
    ['linux-arm64', 'tensorflow', 'manylinux_2_27_aarch64', 'libtensorflow_cc.so.2'],
    ['darwin-arm64', 'tensorflow', 'macosx_12_0_arm64', 'libtensorflow_cc.2.dylib'],
  ])('%s: %s for %s', (...[platform, distribution, tag, library]) => {
    const wheel = wheelFor(platform);
    expect(wheel).toMatchObject({ distribution, platformTag: tag });
    expect(wheel?.libraries[0]).toBe(library);
  });

  it.each(['darwin-x64', 'win32-x64', 'linux-ia32', 'constructor'])('%s: none', (platform) => {
    expect(wheelFor(platform)).toBeUndefined();
  });

  it('pins a digest per file, and the file belongs to the version, the Python and the platform', () => {
    const wheels = WHEEL_PLATFORMS.map((platform) => wheelFor(platform) as Wheel);
    for (const { file, sha256, distribution, platformTag } of wheels) {
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      const name = distribution.replaceAll('-', '_');
      expect(file).toBe(
        `${name}-${TENSORFLOW_VERSION}-${PYTHON_TAGS.abi}-${PYTHON_TAGS.abi}-${platformTag}.whl`,
      );
    }
    expect(new Set(wheels.map(({ sha256 }) => sha256)).size).toBe(wheels.length);
  });
});

describe('pipArguments', () => {
  it('asks for the pinned version and tags, without dependencies, whatever the local Python', () => {
    const args = pipArguments(linux, '/somewhere');
    expect(args[0]).toBe('download');
    expect(args.at(-1)).toBe('tensorflow-cpu==2.21.0');
    expect(args).toEqual(
      expect.arrayContaining([
        '--no-deps',
        '--only-binary=:all:',
        '--python-version=3.12',
        '--abi=cp312',
        '--platform=manylinux_2_27_x86_64',
        '--dest=/somewhere',
      ]),
    );
  });
});

describe('memberTarget', () => {
  it.each([
    ['tensorflow/libtensorflow_cc.so.2', 'lib/libtensorflow_cc.so.2'],
    ['tensorflow/libtensorflow_framework.so.2', 'lib/libtensorflow_framework.so.2'],
    ['tensorflow/include/tensorflow/c/c_api.h', 'include/tensorflow/c/c_api.h'],
    ['tensorflow/include/xla/tsl/c/tsl_status.h', 'include/xla/tsl/c/tsl_status.h'],
    ['tensorflow/include/absl/log/globals.h', 'include/absl/log/globals.h'],
    ['tensorflow/include/tensorflow/python/x.h', undefined],
    ['tensorflow/include/tensorflow/c/', undefined],
    ['tensorflow/python/lib_pywrap_tensorflow_common.so', undefined],
    ['tensorflow/libtensorflow_cc.so.2.bak', undefined],
    ['tensorflow/include/tsl/../../../../etc/evil.h', undefined],
  ])('%s -> %s', (member, target) => {
    expect(memberTarget(linux, member)).toBe(target);
  });

  it('never leaves the folder', () => {
    const part = fc.constantFrom(
      '..',
      '.',
      '',
      'tensorflow',
      'include',
      'tsl',
      'c',
      'a.h',
      'libtensorflow_cc.so.2',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const target = memberTarget(linux, parts.join('/'));
        expect(target === undefined || (!target.split('/').includes('..') && !target.startsWith('/'))).toBe(
          true,
        );
      }),
    );
  });
});
