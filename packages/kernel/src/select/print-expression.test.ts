import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Environment } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import { printExpression } from './print-expression.ts';

const environment = new Environment({ unlistedVariablesAreDyn: true });
/** Without positions, which parentheses move. */
const treeOf = (text: string): unknown =>
  JSON.parse(
    JSON.stringify(environment.parse(text).ast, (key, value) => {
      if (key === 'start' || key === 'end' || key === 'pos') return undefined;
      return typeof value === 'bigint' ? `${value}n` : value;
    }),
  );

const leaf = fc.constantFrom(
  'a',
  'label.site',
  '"x\\"\\n"',
  '1',
  '1.0',
  '1e30',
  '-2',
  'true',
  'null',
  '[1, 2][0]',
);
const expression = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc
      .tuple(
        tie('any'),
        fc.constantFrom('==', '!=', '<', 'in', '+', '-', '*', '/', '%', '&&', '||'),
        tie('any'),
      )
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
    tie('any').map((inner) => `!(${inner})`),
    tie('any').map((inner) => `(${inner}).contains("x")`),
    fc.tuple(tie('any'), tie('any'), tie('any')).map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
    tie('any').map((inner) => `[a].exists(x, ${inner})`),
    tie('any').map((inner) => `{"k": ${inner}}`),
  ),
})).any;

test('what is printed parses to the same tree', () => {
  fc.assert(
    fc.property(expression, (text) => {
      const { ast } = environment.parse(text);

      assert.deepEqual(treeOf(printExpression(ast)), treeOf(text));
    }),
    { numRuns: 1000 },
  );
});
