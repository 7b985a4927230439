import { runCommand } from './run-command.js';

const node = (script: string, limitMs = 20_000): { file: string; args: string[]; limitMs: number } => ({
  file: process.execPath,
  args: ['-e', script],
  limitMs,
});

describe('runCommand', () => {
  it('gives what was printed and how it ended', async () => {
    const ended = await runCommand(node('console.log("out"); console.error("err"); process.exit(3)'));
    expect(ended).toEqual({
      ok: false,
      notFound: false,
      ending: 'exit code 3',
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  it('tells a program that does not exist', async () => {
    const ended = await runCommand({ file: '/nowhere/no-such-program', args: [], limitMs: 20_000 });
    expect(ended).toMatchObject({ ok: false, notFound: true });
  });

  it('kills what takes too long, or what its caller gives up', async () => {
    const hang = 'setInterval(() => {}, 1000)';
    expect(await runCommand(node(hang, 1))).toMatchObject({ ok: false, ending: 'stopped after 0 s' });
    const given = await runCommand({ ...node(hang), stopWhen: () => 'no use' });
    expect(given).toMatchObject({ ok: false, ending: 'no use' });
  });

  it('keeps the end of a long output', async () => {
    const { stdout } = await runCommand(node('process.stdout.write("a".repeat(100_000) + "end")'));
    expect(stdout).toHaveLength(20_000);
    expect(stdout.endsWith('aend')).toBe(true);
  });
});
