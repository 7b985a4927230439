import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import { AtelierError } from './errors.js';
import { datasetJsonSchema, datasetSchema, type DatasetConfig } from './config-schema.js';

/**
 * Checks the content of a `dataset.json` and fills in every default.
 * @param content the parsed JSON; `{}` is valid
 * @param path where it came from, for messages
 * @throws AtelierError CONFIG_UNKNOWN_KEY naming the nearest known key, or CONFIG_INVALID naming the value
 */
export function parseDatasetConfig(content: unknown, path: string): DatasetConfig {
  const result = datasetSchema.safeParse(content);
  if (result.success) return result.data;
  const unknown = result.error.issues.find((issue) => issue.code === 'unrecognized_keys');
  throw unknown ? unknownKeyError(unknown, path) : invalidValueError(result.error.issues, { content, path });
}

/**
 * The same content with single values replaced, as `--set train.epochs=40` asks.
 * @param content the parsed JSON
 * @param overrides `dotted.key=value`; the value is read as JSON, else as text
 */
export function withOverrides(content: unknown, overrides: readonly string[]): unknown {
  const copy: unknown = structuredClone(content ?? {});
  for (const override of overrides) {
    const at = override.indexOf('=');
    const keys = override.slice(0, at).split('.');
    if (at < 1 || keys.some((key) => key === '' || key === '__proto__')) {
      throw new AtelierError({
        code: 'USAGE',
        action: `apply --set ${override}`,
        problem: 'it is not of the form key=value',
        hint: 'Write for example --set train.epochs=40.',
      });
    }
    let node = copy as Record<string, unknown>;
    for (const key of keys.slice(0, -1)) {
      const child = node[key];
      node[key] = typeof child === 'object' && child !== null ? child : {};
      node = node[key] as Record<string, unknown>;
    }
    node[keys.at(-1) as string] = parseValue(override.slice(at + 1));
  }
  return copy;
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text; // not JSON, so a plain word: --set resize.fit=cover
  }
}

function unknownKeyError(issue: z.core.$ZodIssueUnrecognizedKeys, path: string): AtelierError {
  const parent = issue.path.map(String);
  const key = issue.keys[0] as string;
  const name = [...parent, key].join('.');
  const all = schemaKeys();
  const siblings = all.filter(
    (known) => known.startsWith(parent.map((p) => `${p}.`).join('')) && depth(known) === parent.length,
  );
  return new AtelierError({
    code: 'CONFIG_UNKNOWN_KEY',
    action: 'use the configuration',
    path,
    problem: `it has the unknown key "${name}"`,
    hint: `Did you mean "${nearestKey(name, { key, siblings, all })}"? Known keys here: ${siblings
      .map((s) => s.split('.').at(-1))
      .join(', ')}.`,
  });
}

const depth = (key: string) => key.split('.').length - 1;

/** The likeliest key: a near spelling beside it, else the same last word elsewhere, else the nearest spelling of all. */
function nearestKey(name: string, known: { key: string; siblings: string[]; all: string[] }): string {
  const last = (k: string) => k.split('.').at(-1) as string;
  const beside = known.siblings.length > 0 ? closest(name, known.siblings) : undefined;
  if (beside !== undefined && distance(last(beside).toLowerCase(), known.key.toLowerCase()) <= 2)
    return beside;
  const elsewhere = known.all.find((k) => last(k).toLowerCase() === known.key.toLowerCase());
  return elsewhere ?? beside ?? closest(name, known.all);
}

type SchemaNode = { properties?: Record<string, SchemaNode>; anyOf?: SchemaNode[] };

/** Every dotted key that a dataset.json may hold. */
function schemaKeys(): string[] {
  const keys: string[] = [];
  const walk = (node: SchemaNode, prefix: string): void => {
    for (const branch of node.anyOf ?? []) walk(branch, prefix);
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      keys.push(prefix + key);
      walk(child, `${prefix}${key}.`);
    }
  };
  walk(datasetJsonSchema() as SchemaNode, '');
  return keys;
}

function invalidValueError(
  issues: readonly z.core.$ZodIssue[],
  source: { content: unknown; path: string },
): AtelierError {
  const issue = issues[0] as z.core.$ZodIssue;
  const value = issue.path.reduce<unknown>(
    (node, key) => (node as Record<PropertyKey, unknown> | undefined)?.[key],
    source.content,
  );
  const others = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  const key = issue.path.length > 0 ? `"${issue.path.map(String).join('.')}"` : 'the whole file';
  return new AtelierError({
    code: 'CONFIG_INVALID',
    action: 'use the configuration',
    path: source.path,
    problem: `${key} is ${JSON.stringify(value) ?? 'missing'}: ${lowerFirst(issue.message)}${others}`,
    hint: 'Correct it, or leave it out to get the default.',
  });
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
