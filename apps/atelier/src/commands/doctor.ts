import { printable } from '@atelier/core';
import { defineCommand, printJson, printLines, SHARED_OPTIONS } from '../command.js';
import type { Check } from '../doctor/check.js';

/** `atelier doctor`: what is installed, what training will run on, what to mend. */
export const doctor = defineCommand({
  name: 'doctor',
  description: 'say what is installed, what training will run on, and what to mend',
  options: {
    install: { type: 'boolean', default: false, describe: 'install native TensorFlow first' },
    json: SHARED_OPTIONS.json,
  },
  async run({ install, json }) {
    if (install) {
      const { ensureNative } = await import('@atelier/graph');
      await ensureNative({ report: (line) => void process.stderr.write(`${line}\n`) });
    }
    const { lookAround } = await import('../doctor/look-around.js');
    const checks = await lookAround();
    const isWell = checks.every(({ level }) => level !== 'problem');
    if (!isWell) process.exitCode = 1;
    if (json) printJson({ ok: isWell, checks });
    else printLines(checkLines(checks));
  },
});

/** One line per check, and the remedy of each that needs one. */
export function checkLines(checks: readonly Check[]): string[] {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks.flatMap(({ name, level, found, remedy }) => [
    printable(`${level.padEnd(8)} ${name.padEnd(width)}  ${found}`),
    ...(remedy === null ? [] : [`${''.padEnd(8 + 1 + width + 2)}${printable(remedy)}`]),
  ]);
}
