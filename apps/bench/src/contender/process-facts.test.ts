import { parseChildrenTicks, parseCpuTicks, parsePeakMemory } from './process-facts.js';

describe('process facts', () => {
  it('finds the peak memory among the others', () => {
    const status = 'Name:\tnode\nVmPeak:\t 9999 kB\nVmHWM:\t  1640 kB\nVmRSS:\t    12 kB\n';
    expect(parsePeakMemory(status)).toBe(1640 * 1024);
    expect(parsePeakMemory('Name:\tkthreadd\n')).toBeNull();
  });

  it('adds user and system time, whatever the name of the program', () => {
    const rest = 'S 1 42 42 0 -1 4194304 500 0 0 0 123 45 6 7 20 0 1 0 100 200 300';
    expect(parseCpuTicks(`42 (node) ${rest}`)).toBe(168);
    expect(parseCpuTicks(`42 (a) S 9 9 (b c) ${rest}`)).toBe(168);
    expect(parseChildrenTicks(`42 (a) S 9 9 (b c) ${rest}`)).toBe(13);
  });
});
