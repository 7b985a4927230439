import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { launcher } from './testing/atelier-program.js';

/** `atelier … | head` once head has read its lines and ended: nobody reads that stream any more. */
async function withoutReader(stream: 'stdout' | 'stderr', args: readonly string[]) {
  const child = spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  child[stream].destroy();
  const other = text(stream === 'stdout' ? child.stderr : child.stdout);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, other: await other };
}

describe('a pipe whose reader has ended', () => {
  it.each([
    ['stdout', ['schema']],
    ['stdout', ['--help']],
    ['stderr', ['preprocess', '--datset']],
  ] as const)('ends the program quietly, as SIGPIPE ends others: %s of %j', async (stream, args) => {
    expect(await withoutReader(stream, args)).toEqual({ code: 141, other: '' });
  });
});
