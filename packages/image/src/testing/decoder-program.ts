// Programs for the processes of a decoder pool that do what a hostile picture would make a decoder do.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The built modules that a pool's own program is made of: Node runs no TypeScript. */
const built = (name: string) => new URL(`../../dist/decoder/${name}.js`, import.meta.url).href;

/**
 * Writes a program that notes in `log` what it does ("start PID", "begin FILE PID", "end FILE PID") and misbehaves by the
 * names of the files it is given: crash, hang, spin, greedy, slow, once (it crashes the first time only).
 * @returns the program
 */
export function hostileProgram(folder: string): { program: URL; log: string } {
  const log = join(folder, 'log.txt');
  const program = join(folder, 'program.mjs');
  writeFileSync(log, '');
  writeFileSync(
    program,
    `import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { performTask } from '${built('perform-task')}';
import { endWithPool, serveTasks } from '${built('serve-tasks')}';
const note = (text) => appendFileSync(${JSON.stringify(log)}, text + ' ' + process.pid + '\\n');
note('start');
endWithPool();
const kept = [];
serveTasks(async (task) => {
  const name = basename(task.source.path);
  note('begin ' + name);
  if (name.startsWith('crash')) await sleep(100).then(() => process.abort());
  if (name.startsWith('hang')) await new Promise(() => undefined);
  if (name.startsWith('spin')) for (;;);
  if (name.startsWith('greedy')) for (;;) { kept.push(Buffer.alloc(16e6, 1)); await sleep(5); }
  if (name.startsWith('once') && !existsSync(task.source.path + '.seen')) {
    writeFileSync(task.source.path + '.seen', '');
    process.abort();
  }
  if (name.startsWith('slow')) await sleep(300);
  const result = await performTask(task);
  note('end ' + name);
  return result;
});
`,
  );
  return { program: pathToFileURL(program), log };
}
