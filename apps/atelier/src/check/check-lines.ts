import { printable } from '@atelier/core';
import type { Section } from '@atelier/quality';
import type { DatasetCheck } from '@atelier/pipeline';

/**
 * The check for people: what was found, the worst first, and what was looked for and not found.
 * @param limit as many findings of a kind as are named; the rest is counted
 */
export function checkLines(check: DatasetCheck, { limit }: { limit: number }): string[] {
  const { pictures, classes, quarantined, notRun, sections, clean } = check;
  const bad = quarantined > 0 ? `; ${quarantined} in quarantine (npx atelier status --quarantine)` : '';
  const lines = [
    `${count(pictures, 'picture')} in ${count(classes, 'class', 'classes')}${bad}`,
    ...(notRun.length > 0
      ? [`not run yet: ${notRun.join(', ')}; what they would tell has not been looked for`]
      : []),
    ...sections.flatMap((section) => ['', ...sectionLines(section, limit)]),
    '',
    ...(clean.length > 0 ? [`Looked for and not found: ${clean.join('; ')}.`] : []),
  ];
  return lines.map(printable);
}

function sectionLines({ severity, title, advice, findings }: Section, limit: number): string[] {
  const more = findings.length - limit;
  return [
    `${severity}: ${title} (${findings.length})`,
    ...findings.slice(0, limit).map(({ text }) => `  ${text}`),
    ...(more > 0 ? [`  and ${more} more (--limit ${findings.length}, or --json, names all)`] : []),
    `  -> ${advice}`,
  ];
}

const count = (number: number, one: string, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
