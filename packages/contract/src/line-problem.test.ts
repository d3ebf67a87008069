import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArgs } from 'node:util';
import { lineProblem } from './line-problem.ts';

function problemOf(...args: string[]) {
  try {
    parseArgs({ args, options: { data: { type: 'string' }, json: { type: 'boolean' } } });
  } catch (cause) {
    return lineProblem(cause);
  }
  return assert.fail('it is a good line');
}

test('what a runtime says of a line of options is said in both languages', () => {
  assert.deepEqual(problemOf('--dta', 'x'), { en: 'there is no option --dta', zh: '没有选项 --dta' });
  assert.deepEqual(problemOf('--data'), { en: '--data needs a value', zh: '选项 --data 需要一个值' });
  assert.deepEqual(problemOf('--data', '--json'), {
    en: '--data needs a value',
    zh: '选项 --data 需要一个值',
  });
  assert.deepEqual(problemOf('--json=yes'), { en: '--json takes no value', zh: '选项 --json 不带值' });
  assert.deepEqual(problemOf('word'), { en: 'word is one word too many', zh: '多余的参数 word' });
  assert.deepEqual(lineProblem(null), { en: 'it is not understood', zh: '无法理解' });
});
