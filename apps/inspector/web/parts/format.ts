const number = new Intl.NumberFormat('en');

/** 12345 as "12,345". */
export const count = (value: number): string => number.format(value);

/** "1 picture", "12,345 pictures". */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** Bytes as a person reads them, in powers of ten. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [size, unit] = [value, 0];
  while (size >= 1000 && unit < units.length - 1) [size, unit] = [size / 1000, unit + 1];
  return `${size >= 100 || unit === 0 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** Milliseconds as "0.4 s", "3 min 20 s". */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** 0.1234 as "12.3 %". */
export const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

/** An instant, in the reader's own time. */
export const instant = (iso: string): string =>
  new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** "Claude_Monet" as "Claude Monet": for headings; values keep their names. */
export const spaced = (name: string): string => name.replaceAll('_', ' ');
