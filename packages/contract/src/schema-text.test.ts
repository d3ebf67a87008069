import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { AppError } from './errors.ts';
import { HostName } from './host-id.ts';
import { renderMessage, renderParameters } from './message.ts';
import { placedProblem, ruleText, schemaProblem, schemaProblems } from './schema-text.ts';

const Form = z.object({
  name: HostName,
  count: z.number().int().max(9),
  kind: z.enum(['a', 'b']),
  pair: z.object({ from: z.number(), to: z.number() }).refine(({ from, to }) => from < to, {
    message: ruleText({ en: 'must begin before it ends', zh: '开始必须早于结束' }),
  }),
});

function refused(value: unknown) {
  const { error } = Form.safeParse(value);
  assert.ok(error !== undefined);
  return error;
}

test('the library’s own words and ours are there in both languages', () => {
  const value = { name: 'no such', count: 10, kind: 'c', pair: { from: 2, to: 1 } };

  const problems = schemaProblems(Form, value, refused(value));

  assert.deepEqual(
    problems.map(({ path, problem }) => [path.join('.'), problem.en, problem.zh]),
    [
      [
        'name',
        'must be a host name: letters, digits, dots and hyphens',
        '必须是主机名：仅限字母、数字、点和连字符',
      ],
      ['count', 'Too big: expected number to be <=9', '数值过大：期望 number <=9'],
      ['kind', 'Invalid option: expected one of "a"|"b"', '无效选项：期望以下之一 "a"|"b"'],
      ['pair', 'must begin before it ends', '开始必须早于结束'],
    ],
  );
});

test('an error carries the text in both languages and is told in the reader’s', () => {
  const value = { name: 'web-1', count: 1, kind: 'a', pair: 7 };
  const { path, problem } = schemaProblem(Form, value, refused(value));
  const error = new AppError('INVALID_REQUEST', { where: path.join('.'), problem, issues: [{ problem }] });
  const title = { en: 'The request is not valid: {problem}', zh: '请求无效：{problem}' };

  assert.match(
    renderMessage(title, 'en', error.details),
    /not valid: Invalid input: expected object, received number$/,
  );
  assert.match(renderMessage(title, 'zh', error.details), /^请求无效：无效输入：期望 object，实际接收 数字$/);
  assert.deepEqual(renderParameters(error.details, 'zh'), {
    where: 'pair',
    problem: problem.zh,
    issues: [{ problem: problem.zh }],
  });
  assert.equal(placedProblem(Form, value, refused(value)).zh, `pair: ${problem.zh}`);
});

test('parameters that are no texts stay as they are', () => {
  const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('"zh"'));
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        json,
      ),
      (parameters) => {
        assert.deepEqual(JSON.stringify(renderParameters(parameters, 'zh')), JSON.stringify(parameters));
      },
    ),
  );
});

test('what is not there is said to be missing, by its name', () => {
  const value = { name: 'web-1', count: 1, pair: {} };

  const problems = schemaProblems(Form, value, refused(value));

  assert.deepEqual(
    problems.map(({ problem }) => [problem.en, problem.zh]),
    [
      ['kind is missing', '缺少 kind'],
      ['from is missing', '缺少 from'],
      ['to is missing', '缺少 to'],
    ],
  );
});
