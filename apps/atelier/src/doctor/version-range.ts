/**
 * Whether a version lies in a range of the form that package.json's "engines" has here: comparators that must all
 * hold, such as ">=20.19 <23". Missing parts count as 0.
 * @param version "20.20.2"; what follows a "-" is left aside
 * @throws Error for a range of another form
 */
export function isInRange(version: string, range: string): boolean {
  return range
    .trim()
    .split(/\s+/)
    .every((comparator) => {
      const [, operator, bound] = /^(>=|<)(\d+(?:\.\d+){0,2})$/.exec(comparator) ?? [];
      if (operator === undefined || bound === undefined) throw new Error(`unknown comparator ${comparator}`);
      const order = compareVersions(version, bound);
      return operator === '<' ? order < 0 : order >= 0;
    });
}

function compareVersions(a: string, b: string): number {
  const [x, y] = [parts(a), parts(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const parts = (version: string) => (version.split('-')[0] as string).split('.').map(Number);
