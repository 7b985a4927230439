import fc from 'fast-check';
import { checkLines } from '../commands/doctor.js';
import { firstVersion } from './first-version.js';
import { diskCheck, machineChecks, nodeCheck, npmCheck, sharpCheck } from './machine-checks.js';
import { slowBackend } from './slow-backend.js';
import { trainingChecks, type TrainingFacts } from './training-checks.js';
import { isInRange } from './version-range.js';

describe('isInRange', () => {
  it.each([
    ['20.19.0', '>=20.19 <23', true],
    ['20.18.9', '>=20.19 <23', false],
    ['22.22.0', '>=20.19 <23', true],
    ['23.0.0', '>=20.19 <23', false],
    ['9.99.99', '>=10', false],
    ['10.0.0-beta.1', '>=10', true],
  ])('%s in %s: %s', (version, range, expected) => {
    expect(isInRange(version, range)).toBe(expected);
  });

  it('orders versions as their numbers, not as text', () => {
    const version = fc.tuple(fc.nat(40), fc.nat(40), fc.nat(40));
    fc.assert(
      fc.property(version, version, (a, b) => {
        const order = a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
        expect(isInRange(a.join('.'), `>=${b.join('.')}`)).toBe(order >= 0);
        expect(isInRange(a.join('.'), `<${b.join('.')}`)).toBe(order < 0);
      }),
    );
  });

  it('does not guess at what it does not know', () => {
    expect(() => isInRange('20.0.0', '^20')).toThrow('unknown comparator ^20');
  });
});

describe('the checks of the machine', () => {
  it.each([
    [nodeCheck('20.20.2', '>=20.19 <23'), 'ok', '20.20.2'],
    [nodeCheck('24.1.0', '>=20.19 <23'), 'problem', '24.1.0, >=20.19 <23 is needed'],
    [npmCheck('11.0.0', '>=10'), 'ok', '11.0.0'],
    [npmCheck('9.1.0', '>=10'), 'warning', '9.1.0, >=10 is needed'],
    [npmCheck(undefined, '>=10'), 'warning', 'not found'],
    [sharpCheck({ sharp: '0.35.5', vips: '8.18.0' }), 'ok', '0.35.5 with libvips 8.18.0'],
    [sharpCheck(new Error('no binary\nmore')), 'problem', 'it does not load: no binary'],
    [diskCheck('/d', 73.94e9), 'ok', '73.9 GB free in /d'],
    [diskCheck('/d', 1e9), 'warning', '1.0 GB free in /d'],
    [diskCheck('/d', 1e8), 'problem', '0.1 GB free in /d'],
    [machineChecks({ cores: 2, bytes: 8e9 })[0], 'ok', '2'],
    [machineChecks({ cores: 2, bytes: 8e9 })[1], 'ok', '8.0 GB'],
    [machineChecks({ cores: 2, bytes: 1e9 })[1], 'warning', '1.0 GB'],
  ])('%j', (check, level, found) => {
    expect(check).toMatchObject({ level, found });
  });
});

describe('trainingChecks', () => {
  const installed: TrainingFacts = {
    native: {
      kind: 'wheel',
      tensorflowVersion: '2.21.0',
      libraryPath: '/lib.so',
      addonPath: '/a.node',
      platform: 'linux-x64',
      problem: null,
    },
    loadProblem: null,
    slowBackend: 'WebAssembly',
    compiler: null,
    pip: null,
  };
  const missing: TrainingFacts = {
    ...installed,
    native: {
      ...installed.native,
      kind: 'none',
      tensorflowVersion: null,
      addonPath: null,
      problem: 'no addon is installed',
    },
  };
  const brief = (facts: TrainingFacts) =>
    trainingChecks(facts).map(({ name, level, found }) => `${level}: ${name}: ${found}`);

  it('says what is installed and what will run', () => {
    expect(brief(installed)).toEqual([
      "ok: native TensorFlow: 2.21.0 from PyPI's wheel, linux-x64",
      'ok: training: graph engine on native TensorFlow 2.21.0',
    ]);
  });

  it('says what runs instead, why, and what an installation would lack', () => {
    expect(brief({ ...missing, compiler: 'g++ 12', pip: null })).toEqual([
      'warning: native TensorFlow: no addon is installed',
      'ok: C++ compiler: g++ 12',
      'warning: pip: none found',
      'warning: training: layers engine on WebAssembly, since native TensorFlow is missing',
    ]);
    expect(trainingChecks(missing)[0]?.remedy).toContain('atelier doctor --install');
  });

  it.each([
    [
      'that is not as it was installed',
      { ...installed, native: { ...installed.native, problem: 'its library is gone' } },
    ],
    ['that does not load', { ...installed, loadProblem: 'its library is gone' }],
  ])('does not count on an addon %s', (_, facts) => {
    expect(brief(facts)[0]).toBe('warning: native TensorFlow: its library is gone');
    expect(brief(facts).at(-1)).toMatch(/^warning: training: layers engine/);
  });
});

describe('firstVersion', () => {
  it('asks one program after the other until one answers', async () => {
    const none = ['no-such-program-of-atelier'];
    const failing = [process.execPath, '--no-such-option'];
    expect(await firstVersion([none, failing, [process.execPath]])).toBe(process.version);
    expect(await firstVersion([none, failing])).toBeNull();
  });
});

describe('slowBackend', () => {
  it('is WebAssembly where that is installed', () => {
    expect(slowBackend(() => true)).toMatch(/^WebAssembly/);
    expect(slowBackend(() => false)).toMatch(/^plain JavaScript/);
  });
});

describe('checkLines', () => {
  it('puts the remedy below its check, and escapes what it prints', () => {
    const checks = [
      { name: 'Node', level: 'ok', found: '20', remedy: null },
      { name: 'disk', level: 'warning', found: 'in /a\u001b', remedy: 'Free some.' },
    ] as const;
    expect(checkLines(checks)).toEqual([
      'ok       Node  20',
      'warning  disk  in /a\\u{1b}',
      '               Free some.',
    ]);
  });
});
