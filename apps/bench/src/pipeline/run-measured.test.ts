import type { AtelierError } from '@atelier/core';
import { runMeasured } from './run-measured.js';

const node = (script: string) => runMeasured({ file: process.execPath, args: ['-e', script] }, process.cwd());

const SPIN = 'const end = Date.now() + 400; while (Date.now() < end);';
const FILL = 'const kept = Buffer.alloc(200e6, 1); setTimeout(() => kept.length, 300);';

describe('runMeasured', () => {
  it('gives what the program wrote, and its time', async () => {
    const { stdout, wallMs } = await node('setTimeout(() => console.log("done"), 300)');
    expect(stdout).toBe('done\n');
    expect(wallMs).toBeGreaterThanOrEqual(300);
  });

  it('counts the work of the processes that a program starts, but not what it did before', async () => {
    const nested = `require('child_process').execFileSync(process.execPath, ['-e', ${JSON.stringify(SPIN)}])`;
    const [busy, idle] = [await node(nested), await node('setTimeout(() => 0, 300)')];
    expect(busy.cpuMs).toBeGreaterThan((idle.cpuMs as number) + 100);
  });

  it('adds up the memory of the processes, and names that of the largest', async () => {
    const nested = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(FILL)}])`;
    const { peakMemoryBytes, largestPeakBytes } = await node(nested);
    expect(largestPeakBytes).toBeGreaterThan(200e6);
    expect(largestPeakBytes).toBeLessThan(400e6);
    expect(peakMemoryBytes).toBeGreaterThan((largestPeakBytes as number) + 10e6);
  });

  it('says how a program failed', async () => {
    const error = await node('console.error("no such thing"); process.exit(3)').catch(
      (reason) => reason as AtelierError,
    );
    expect(error).toMatchObject({ code: 'PROGRAM_FAILED' });
    expect((error as AtelierError).message).toMatch(/ended with 3.*no such thing/s);
  });
});
