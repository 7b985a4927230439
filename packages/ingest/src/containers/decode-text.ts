/** A cell of a table as a text or a number; undefined where it is empty or of another kind. */
export function decodeText(value: unknown): string | number | undefined {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined;
}
