import { readFile } from 'node:fs/promises';
import { AtelierError, messageOf } from '@atelier/core';
import type { FileDigest } from './digest.js';
import { readError } from './file-errors.js';
import { writeFileAtomic } from './write-atomic.js';

/** A CSV table read into memory. */
export interface CsvTable {
  /** The names in its header, in order. */
  readonly columns: readonly string[];
  /** One record per row, by column name; every value a text. */
  readonly rows: readonly Readonly<Record<string, string>>[];
  /** For each row the line of the file on which it ends, from 1, for error messages. */
  readonly lines: readonly number[];
}

/** How {@link readCsv} reads. */
export interface CsvOptions {
  /** Columns that must be there. */
  readonly required?: readonly string[];
  /** What may separate the columns: the one that the header shows is taken. Default: a comma. */
  readonly separators?: readonly string[];
}

const readAction = 'read the table';

/**
 * Writes a CSV table atomically: RFC 4180, UTF-8 without BOM, a header, line ends LF.
 * @param columns the header, and the order of the values
 * @param rows one record per row; numbers and booleans are written as JavaScript prints them
 * @throws AtelierError WRITE_FAILED naming column and row of a missing value, or DISK_FULL
 */
export async function writeCsv(
  path: string,
  columns: readonly string[],
  rows: Iterable<Readonly<Record<string, string | number | boolean>>>,
): Promise<FileDigest> {
  const { stringify } = await import('csv-stringify/sync');
  const fail = (problem: string) =>
    new AtelierError({
      code: 'WRITE_FAILED',
      action: 'write the table',
      path,
      problem,
      hint: 'This is a mistake in the program: every row needs a text or a number in every column.',
    });
  const records: string[][] = [[...columns]];
  for (const row of rows) {
    records.push(
      columns.map((name) => {
        const text = row[name] === undefined || row[name] === null ? undefined : String(row[name]);
        if (text === undefined || /\p{Surrogate}/u.test(text)) {
          throw fail(`row ${records.length} has ${JSON.stringify(text) ?? 'nothing'} in column "${name}"`);
        }
        return text;
      }),
    );
  }
  // a lone empty value would be an empty line, which readers skip; a lone CR is a line end to many
  const text = stringify(records, { quoted_empty: columns.length === 1, quoted_match: /[\r\uFEFF]/ });
  return writeFileAtomic(path, text);
}

/**
 * Reads a CSV table (RFC 4180), with LF or CRLF, with a BOM or without; empty lines are skipped.
 * @throws AtelierError READ_FAILED when it cannot be read; INPUT_MISSING when it is not there; INPUT_INVALID naming
 * the missing or repeated column or the line of a row with too few or too many values or a stray quote
 */
export async function readCsv(
  path: string,
  { required = [], separators = [','] }: CsvOptions = {},
): Promise<CsvTable> {
  const fail: Fail = (problem, hint, cause) =>
    new AtelierError({ code: 'INPUT_INVALID', action: readAction, path, problem, hint, cause });
  const text = decodeUtf8(await readBytes(path), fail);
  const parse = await csvParser(text, fail);
  const separator = likeliestSeparator(separators, { required, parse });
  const [columns = [], ...body] = parse.records(separator);
  refuseColumns(columns, required, fail);
  let lines: number[] | undefined;
  return {
    columns,
    rows: body.map((record) => Object.fromEntries(columns.map((name, i) => [name, record[i] as string]))),
    get lines() {
      return (lines ??= parse.lines(separator).slice(1)); // asked for when something is wrong: it takes as long again
    },
  };
}

type Fail = (problem: string, hint: string, cause?: unknown) => AtelierError;

/** What parses one text with a separator. */
interface Parse {
  /** All records, the header too, or the first ones. */
  records(separator: string, count?: number): string[][];
  /** The line on which each of them ends. */
  lines(separator: string): number[];
}

async function csvParser(text: string, fail: Fail): Promise<Parse> {
  const { CsvError, parse } = await import('csv-parse/sync');
  const run = (options: { delimiter: string; to?: number; info?: true }): unknown[] => {
    try {
      return parse(text, { ...options, skip_empty_lines: true, record_delimiter: ['\r\n', '\n'] });
    } catch (error) {
      const line = error instanceof CsvError ? (error as { lines?: unknown }).lines : undefined;
      throw fail(
        `line ${String(line ?? '?')}: ${messageOf(error)}`,
        'Give every row one value for each column.',
        error,
      );
    }
  };
  return {
    records: (delimiter, to = -1) => run({ delimiter, to }) as string[][],
    lines: (delimiter) =>
      (run({ delimiter, info: true }) as { info: { lines: number } }[]).map(({ info }) => info.lines),
  };
}

/** The separator with which the header has most of the required columns, then most columns; else the first. */
function likeliestSeparator(
  separators: readonly string[],
  { required, parse }: { required: readonly string[]; parse: Parse },
): string {
  const [only] = separators;
  if (separators.length === 1) return only as string;
  const scored = separators.map((separator) => {
    const columns = headerOf(separator, parse);
    const found = required.filter((name) => columns.includes(name)).length;
    return { separator, found, columns: columns.length };
  });
  return scored.reduce((best, next) =>
    next.found > best.found || (next.found === best.found && next.columns > best.columns) ? next : best,
  ).separator;
}

/** The header as this separator shows it; nothing where it does not parse so. */
function headerOf(separator: string, parse: Parse): readonly string[] {
  try {
    return parse.records(separator, 1)[0] ?? [];
  } catch (error) {
    if (error instanceof AtelierError) return [];
    throw error;
  }
}

/** Columns without a name, as spreadsheets leave them behind, may be several. */
function refuseColumns(columns: readonly string[], required: readonly string[], fail: Fail): void {
  const repeated = columns.find((name, i) => name !== '' && columns.indexOf(name) !== i);
  if (repeated !== undefined)
    throw fail(`its header names "${repeated}" twice`, 'Rename one of the columns.');
  const missing = required.filter((name) => !columns.includes(name));
  if (missing.length === 0) return;
  const names = (list: readonly string[]) => list.map((name) => `"${name}"`).join(', ');
  throw fail(
    `it has no column ${names(missing)}; its header has ${columns.length === 0 ? 'nothing' : names(columns)}`,
    'Name the columns in the first line.',
  );
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const failure = readError(readAction, path, error);
    if (failure.code !== 'ARTIFACT_MISSING') throw failure;
    const { action, problem } = failure;
    const hint = 'Check its name, or write it.';
    throw new AtelierError({ code: 'INPUT_MISSING', action, path, problem, hint, cause: error });
  }
}

/** The text of UTF-8 bytes, a BOM at their start left out. */
function decodeUtf8(bytes: Uint8Array, fail: Fail): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fail('it is not UTF-8 text', 'Save the table as CSV in UTF-8.');
  }
}
