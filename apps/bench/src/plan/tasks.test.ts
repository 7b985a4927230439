import { readFileSync } from 'node:fs';
import { TASKS, XLA_TRIAL } from './tasks.js';

describe('TASKS', () => {
  it('have names of their own, and contenders with names of their own, ours first and alone but for its other precision', () => {
    expect(new Set(TASKS.map(({ name }) => name)).size).toBe(TASKS.length);
    for (const { contenders } of TASKS) {
      expect(new Set(contenders.map(({ name }) => name)).size).toBe(contenders.length);
      const plain = contenders.filter(({ bfloat16 }) => !bfloat16);
      expect(plain.map(({ side }) => side === 'ours')).toEqual(plain.map((_, i) => i === 0));
      expect(contenders[0]).toBe(plain[0]);
    }
  });

  it('ask of each program what it can do', () => {
    const programs = {
      ours: 'src/peer/graph-peer.ts',
      tfjs: 'src/peer/tfjs-peer.ts',
      keras: 'peers/keras_peer.py',
    };
    for (const { contenders } of [...TASKS, XLA_TRIAL]) {
      for (const { side, mode } of contenders) {
        const program = readFileSync(new URL(`../../${programs[side]}`, import.meta.url), 'utf8');
        const modes = program.slice(program.search(/MODES = \{|await serve\(/));
        expect(modes).toMatch(new RegExp(`[^\\w-]${mode}[^\\w-]`));
      }
    }
  });
});
