import Table from 'cli-table3';
import type { Results } from './results.js';
import { COLUMNS, factLines, noteLines, taskRows, verdictLine } from './rows.js';

/** The results as text for a terminal. */
export function consoleReport(results: Results): string {
  const tasks = results.tasks.map((task) => {
    const table = new Table({ head: [...COLUMNS], style: { head: [], border: [] } });
    table.push(...taskRows(task));
    return [`${task.title} (one ${task.unit})`, table.toString(), ...task.verdicts.map(verdictLine)].join(
      '\n',
    );
  });
  return [factLines(results).join('\n'), ...tasks, noteLines(results).join('\n'), ''].join('\n\n');
}
