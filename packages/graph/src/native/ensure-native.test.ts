import { AtelierError } from '@atelier/core';

import { ensureNative } from './ensure-native.js';
import { stepError } from './failure.js';
import type { NativeEffects } from './install-steps.js';
import type { NativeState } from './native-state.js';

const none: NativeState = {
  kind: 'none',
  tensorflowVersion: null,
  libraryPath: null,
  addonPath: null,
  platform: 'linux-x64',
  problem: 'no addon is installed',
};
const wheel: NativeState = {
  ...none,
  kind: 'wheel',
  tensorflowVersion: '2.21.0',
  addonPath: '/a.node',
  problem: null,
};

/** A world in which the named steps fail and the first other one installs; what was done is in `log`. */
function world(failing: readonly string[], start = none, nodeVersion = '20.20.2') {
  const log: string[] = [];
  let state = start;
  const effects: NativeEffects = {
    nodeVersion,
    state: () => state,
    locked: (work) => (log.push('lock'), work()),
    discard: () => Promise.resolve(void (log.push('discard'), (state = none))),
    steps: ['there', 'download', 'wheel'].map((name) => ({
      name,
      run: () => {
        log.push(name);
        if (failing.includes(name)) throw stepError({ problem: `${name} failed`, hint: `Mend ${name}.` });
        state = wheel;
        return Promise.resolve();
      },
    })),
  };
  const lines: string[] = [];
  return { log, lines, effects, options: { report: (line: string) => void lines.push(line) } };
}

describe('ensureNative', () => {
  it('tries the ways in order until one works and says so', async () => {
    const { log, lines, effects, options } = world(['there', 'download']);
    expect(await ensureNative(options, effects)).toBe(wheel);
    expect(log).toEqual(['lock', 'there', 'download', 'wheel']);
    expect(lines).toEqual([
      'TensorFlow: there: no (there failed)',
      'TensorFlow: download: no (download failed)',
      expect.stringMatching(/^TensorFlow 2\.21\.0 is installed: wheel, \d+\.\d s$/),
    ]);
  });

  it('does nothing and says nothing when it is done already', async () => {
    const { log, lines, effects, options } = world([]);
    await ensureNative(options, effects);
    log.length = lines.length = 0;
    expect(await ensureNative(options, effects)).toBe(wheel);
    expect([...log, ...lines]).toEqual([]);
  });

  it('installs again what can no longer be used', async () => {
    const { log, effects, options } = world([], { ...wheel, problem: 'its library is gone' });
    expect(await ensureNative(options, effects)).toBe(wheel);
    expect(log).toEqual(['lock', 'there']);
  });

  it('leaves the work to whoever held the lock before', async () => {
    const { log, effects, options } = world([]);
    const locked: NativeEffects['locked'] = async (work) => {
      await effects.steps[0]?.run(); // the other process finishes
      return work();
    };
    expect(await ensureNative(options, { ...effects, locked })).toBe(wheel);
    expect(log).toEqual(['there']);
  });

  it('starts afresh when forced', async () => {
    const { log, effects, options } = world([], wheel);
    await ensureNative({ ...options, force: true }, effects);
    expect(log).toEqual(['lock', 'discard', 'there']);
  });

  it('fails with one error that names all ways and the last remedy', async () => {
    const { effects, options } = world(['there', 'download', 'wheel']);
    const error = await ensureNative(options, effects).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AtelierError);
    expect(error).toMatchObject({
      code: 'NATIVE_UNAVAILABLE',
      problem: 'there: there failed; download: download failed; wheel: wheel failed',
      hint: expect.stringMatching(/^Mend wheel\. Without it/),
    });
  });

  it('does not take a step at its word', async () => {
    const { effects, options } = world([]);
    const steps = [{ name: 'empty', run: () => Promise.resolve() }];
    await expect(ensureNative(options, { ...effects, steps })).rejects.toThrow(
      'empty: it ended without an addon: no addon is installed',
    );
  });

  it('refuses a Node that tfjs-node does not load on, before anything else', async () => {
    const { log, effects, options } = world([], none, '23.0.0');
    await expect(ensureNative(options, effects)).rejects.toThrow(
      /does not load on Node 23\.0\.0 .* Use Node 20 or 22/,
    );
    expect(log).toEqual([]);
  });

  it("gives the lock's own troubles as the same error", async () => {
    const { effects, options } = world([]);
    const locked = (): Promise<never> =>
      Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES', path: '/cache/tensorflow' }));
    await expect(ensureNative(options, { ...effects, locked })).rejects.toMatchObject({
      code: 'NATIVE_UNAVAILABLE',
      problem: '/cache/tensorflow cannot be written to (EACCES)',
    });
  });
});
