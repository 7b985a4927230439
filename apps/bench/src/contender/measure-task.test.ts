import { parseCommandLine } from '../plan/settings.js';
import { taskNamed } from '../testing/measured.js';
import type { ContenderProcess } from './contender-process.js';
import { measureTask, type Measuring } from './measure-task.js';

const { settings } = parseCommandLine(['--steps', '4', '--rounds', '2', '--warmup', '3']);

/** Contenders that only write down what happens to them; each unit takes as long as its number. */
function fakes(log: string[], odd: { failsToStart?: string; busy?: string } = {}): Measuring {
  return {
    settings,
    report: () => undefined,
    async start({ name }) {
      if (name === odd.failsToStart) throw new Error(`no ${name}`);
      log.push(`start ${name}`);
      const fake: ContenderProcess = {
        versions: { fake: '1' },
        async run({ count }) {
          log.push(`${name} ${count}`);
          return { durationsMs: Array.from({ length: count }, (_, i) => i + 1), loss: 0.5 };
        },
        untilIdle: async () => name !== odd.busy,
        peakMemoryBytes: async () => 1000,
        close: async () => void log.push(`close ${name}`),
      };
      return fake;
    },
  };
}

describe('measureTask', () => {
  it('starts all, warms all, interleaves them, and ends all', async () => {
    const log: string[] = [];
    await measureTask(taskNamed('evaluate'), fakes(log));
    const names = ['graph', 'Keras evaluate', 'tfjs-node evaluate'];
    const each = (text: (name: string) => string) => names.map(text);
    expect(log).toEqual([
      ...each((name) => `start ${name}`),
      ...each((name) => `${name} 1`),
      ...each((name) => `${name} 2`),
      ...each((name) => `${name} 2`),
      ...each((name) => `close ${name}`),
    ]);
  });

  it('does not count the warm-up and the first units of a turn', async () => {
    const { contenders } = await measureTask(taskNamed('augmented'), fakes([]));
    expect(contenders[0]).toMatchObject({
      roundsMs: [
        [5, 6],
        [5, 6],
      ],
      peakMemoryBytes: 1000,
      loss: 0.5,
      versions: { fake: '1' },
    });
  });

  it('counts the turns that began while another was still at work', async () => {
    const { disturbedTurns } = await measureTask(taskNamed('evaluate'), fakes([], { busy: 'graph' }));
    expect(disturbedTurns).toBe(3);
  });

  it('ends those that run when one cannot be started', async () => {
    const log: string[] = [];
    const measuring = fakes(log, { failsToStart: 'Keras evaluate' });
    await expect(measureTask(taskNamed('evaluate'), measuring)).rejects.toThrow('no Keras evaluate');
    expect(log).toEqual(['start graph', 'close graph']);
  });
});
