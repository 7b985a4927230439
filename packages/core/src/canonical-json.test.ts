import fc from 'fast-check';
import { canonicalJson, type Json } from './canonical-json.js';

/** RFC 8785 by its words: every object with its keys sorted, then written without white space. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const keys = Object.keys(value).sort();
  return new Map(keys.map((key) => [key, sorted((value as Record<string, unknown>)[key])]));
}
function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`;
  if (!(value instanceof Map)) return JSON.stringify(value);
  const members = [...(value as Map<string, unknown>)].filter(([, member]) => member !== undefined);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${written(member)}`).join(',')}}`;
}

const json = fc.jsonValue({ noUnicodeString: false }) as fc.Arbitrary<Json>;

describe('canonicalJson', () => {
  it('is what RFC 8785 says, whatever the order of the keys', () => {
    fc.assert(fc.property(json, (value) => expect(canonicalJson(value)).toBe(written(sorted(value)))));
  });

  it('gives the same bytes after reading what it wrote', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text) as Json)).toBe(text);
      }),
    );
  });

  it.each<[Json, string]>([
    [{ b: 1, a: 2 }, '{"a":2,"b":1}'],
    [{ a: { z: 1, y: [{ d: 1, c: 2 }] } }, '{"a":{"y":[{"c":2,"d":1}],"z":1}}'],
    // an engine gives keys that are whole numbers first, by their value
    [{ 9: 'nine', 10: 'ten', a: 1 }, '{"10":"ten","9":"nine","a":1}'],
    [{ a: undefined, b: 1 }, '{"b":1}'],
    [{ b: 1, a: undefined }, '{"b":1}'],
    [[1, -0, 1e21, 1e-7], '[1,0,1e+21,1e-7]'],
    ['\u20ac\u000f\n"\\\ud800', '"\u20ac\\u000f\\n\\"\\\\\\ud800"'],
    // by UTF-16 code unit, not by code point
    [{ '\uFB33': 1, '\u{1F600}': 2 }, '{"\u{1F600}":2,"\uFB33":1}'],
  ])('writes %j as %s', (value, text) => expect(canonicalJson(value)).toBe(text));

  it.each([NaN, Infinity, [1, NaN], { a: { b: -Infinity } }])(
    'refuses %j, which JSON cannot hold',
    (value) => {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    },
  );
});
