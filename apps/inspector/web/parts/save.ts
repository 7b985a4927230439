import type { Chart } from '../../src/charts/chart.js';

/** Gives the person a file. */
export function saveFile(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Rows as CSV (RFC 4180) with a line of column names; a text that a spreadsheet would run as a formula is quoted off. */
export function toCsv(rows: Chart['rows']): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (value: string | number | null | undefined) => {
    if (value === null || value === undefined) return '';
    const text = typeof value === 'string' && /^[=+\-@\t\r]/u.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row) => columns.map((column) => cell(row[column])).join(','));
  return `${[columns.map(cell).join(','), ...lines].join('\r\n')}\r\n`;
}

/** A drawn chart as a file of its own: dark text on white. */
export function svgFile(drawn: Element): string {
  const svg =
    drawn.tagName.toLowerCase() === 'svg' ? drawn : drawn.querySelector(':scope > svg:last-of-type');
  const copy = (svg ?? drawn).cloneNode(true) as SVGElement;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.style.color = '#1d1d1b';
  copy.style.background = '#ffffff';
  return new XMLSerializer().serializeToString(copy);
}
