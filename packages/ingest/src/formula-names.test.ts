import { formulaNames } from './formula-names.js';

const source = (id: string, className = id.split('/')[0] as string) => ({ id, className });

describe('formulaNames', () => {
  it.each([
    "=cmd|'/C calc'!A0/x.png",
    '=1+HYPERLINK("x")/a.png',
    '@SUM(A1)/a.png',
    "-2+3+cmd|' /C calc'!A0/a.png",
    '+IMPORTXML(1)/a.png',
    '\t=x(1)/a.png',
    "=cmd|'/c calc'!a.png",
  ])('%j is told, with the remedy', (id) => {
    const [warning] = formulaNames([source('cat/1.png'), source(id)]);
    expect(warning).toMatch(/would be run as a formula by a spreadsheet .* import the columns as text$/);
    expect(warning).not.toMatch(/\t/);
  });

  it('a label of a table is looked at as well as a path', () => {
    expect(formulaNames([source('a.png', '=f(1)')])).toHaveLength(1);
  });

  it.each(['-rf/x.png', '=/1.png', '+/2.png', '-1/a.png', 'a=b(1)/c.png', '(b)/x!.png', "it's|that/(1).png"])(
    '%j is nothing to worry about',
    (id) => {
      expect(formulaNames([source(id)])).toEqual([]);
    },
  );

  it('many are one line', () => {
    const many = Array.from({ length: 9 }, (_, i) => source(`=f(${i})/a.png`, '=f(0)'));
    expect(formulaNames(many)).toEqual([
      expect.stringMatching(/^the name "=f\(0\)\/a.png" and 9 more would/),
    ]);
  });
});
