import type { Results, TaskResult } from './results.js';
import { COLUMNS, factLines, noteLines, taskRows, verdictLine } from './rows.js';

/** A Markdown table. */
export function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The results as a Markdown page. */
export function markdownPage(results: Results): string {
  return [
    '# Training, measured side by side',
    'Made by `npx nx bench bench`; do not edit.',
    factLines(results).join('\n\n'),
    ...results.tasks.map(taskSection),
    '## How it was measured',
    noteLines(results)
      .map((note) => `- ${note}`)
      .join('\n'),
    '',
  ].join('\n\n');
}

function taskSection(task: TaskResult): string {
  const settings = task.contenders.map(({ name, settings: text }) => `- ${name}: ${text}.`);
  const verdicts = task.verdicts.map((verdict) => `- **${verdictLine(verdict)}**`);
  return [
    `## ${task.title}`,
    markdownTable([...COLUMNS], taskRows(task)),
    [...verdicts, ...settings].join('\n'),
  ].join('\n\n');
}
