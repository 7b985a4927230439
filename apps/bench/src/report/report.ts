import Table from 'cli-table3';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '@atelier/artifacts';
import { markdownTable } from './markdown.js';

/** What a part of the benchmark found, ready to be shown. */
export interface Report {
  /** Of its files: benchmark-<name>.json and .md. */
  readonly name: string;
  readonly title: string;
  /** The machine, the versions, what was reached: a line each. */
  readonly facts: readonly string[];
  readonly sections: readonly Section[];
  /** How it was measured, in sentences. */
  readonly notes: readonly string[];
  /** The content of the JSON file. */
  readonly data: unknown;
}

/** A table under a title. */
export interface Section {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A section, its title as a sentence begins. */
export const section = ({ title, ...table }: Section): Section => ({
  title: title.replace(/^./u, (first) => first.toUpperCase()),
  ...table,
});

/** The report as text for a terminal. */
export function reportText({ facts, sections, notes }: Report): string {
  const tables = sections.map(({ title, columns, rows }) => {
    const table = new Table({ head: [...columns], style: { head: [], border: [] } });
    table.push(...rows.map((row) => [...row]));
    return `${title}\n${table.toString()}`;
  });
  return [facts.join('\n'), ...tables, notes.join('\n'), ''].join('\n\n');
}

/** The report as a Markdown page. */
export function reportPage({ name, title, facts, sections, notes }: Report): string {
  return [
    `# ${title}`,
    `Made by \`npx nx bench bench -- --only ${name}\`; do not edit.`,
    facts.join('\n\n'),
    ...sections.map(
      ({ title: heading, columns, rows }) => `## ${heading}\n\n${markdownTable(columns, rows)}`,
    ),
    '## How it was measured',
    notes.map((note) => `- ${note}`).join('\n'),
    '',
  ].join('\n\n');
}

/** Writes a report's JSON and page, formatted as the repository formats its files. @returns their paths */
export async function writeReport(folder: string, report: Report): Promise<string[]> {
  return writeFormatted(folder, {
    [`benchmark-${report.name}.json`]: JSON.stringify(report.data),
    [`benchmark-${report.name}.md`]: reportPage(report),
  });
}

/** Writes files, formatted as the repository formats its files. @returns their paths */
export async function writeFormatted(
  folder: string,
  contents: Readonly<Record<string, string>>,
): Promise<string[]> {
  const { format, resolveConfig } = await import('prettier');
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const [name, content] of Object.entries(contents)) {
    const file = path.join(folder, name);
    await writeFileAtomic(file, await format(content, { ...(await resolveConfig(file)), filepath: file }));
    files.push(file);
  }
  return files;
}
