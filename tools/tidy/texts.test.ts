import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderMessage } from '../../packages/contract/src/message.ts';
import { sourceFiles } from './source-tree.ts';

const PAIR =
  /\ben:\s*(?:'((?:[^'\\]|\\.)*)'|`([^`]*)`|"([^"]*)"),?\s*zh:\s*(?:'((?:[^'\\]|\\.)*)'|`([^`]*)`|"([^"]*)")/g;

const placeholders = (text: string): string => [...new Set(text.match(/\{ ?\w+\}/g) ?? [])].sort().join(' ');

test('both languages of a text name the same placeholders, and neither is empty', () => {
  let pairs = 0;
  const offences: string[] = [];
  for (const file of sourceFiles()) {
    for (const match of file.text.matchAll(PAIR)) {
      pairs += 1;
      const en = match[1] ?? match[2] ?? match[3] ?? '';
      const zh = match[4] ?? match[5] ?? match[6] ?? '';
      const at = `${file.path}: ${en}`;
      if (en === '' || zh === '') offences.push(`${at} is empty in one language`);
      if (placeholders(en) !== placeholders(zh))
        offences.push(`${at} has other placeholders in Chinese: ${zh}`);
    }
  }
  assert.deepEqual(offences, []);
  assert.ok(pairs > 20, 'the pattern still finds the texts');
});

test('every error row is written in both languages', () => {
  const offences: string[] = [];
  for (const file of sourceFiles()) {
    const english = file.text.match(/\ben:\s*['"`]/g)?.length ?? 0;
    const chinese = file.text.match(/\bzh:\s*['"`]/g)?.length ?? 0;
    if (english !== chinese) offences.push(`${file.path}: ${english} English texts, ${chinese} Chinese`);
  }
  assert.deepEqual(offences, []);
});

test('no choice of words holds a placeholder, which would be shown as it is written', () => {
  const nested = /\{\w+:[^{}']*\{/;
  const offences = sourceFiles()
    .filter(({ path }) => !path.endsWith('.test.ts'))
    .flatMap(({ path, text }) => text.split('\n').map((line, at) => ({ at: `${path}:${at + 1}`, line })))
    .filter(({ line }) => /['"`].*\{\w+:[^{}'`]*\|/.test(line) && nested.test(line))
    .map(({ at }) => at);
  assert.deepEqual(offences, []);
});

const lines = () =>
  sourceFiles()
    .filter(({ path }) => !/\.(test|story)\.ts$|\/test[-/]|^(tools|bench|lab)\/|open-test-/.test(path))
    .flatMap(({ path, text }) => text.split('\n').map((line, at) => ({ at: `${path}:${at + 1}`, line })));

test('what fills an error’s text is a text in both languages, not a sentence in one', () => {
  // Values of examples are what a person would have written; why a parser leaves something out is for who reads the code.
  const sentence = /\b(problem|reason|expected): (['`])[^'`{}|]*[a-z] [a-z][^'`]*\2/;
  const isExample = /\bexample\b|body: \{|reason: '[a-z ]+',$/;
  const offences = lines()
    .filter(({ at, line }) => sentence.test(line) && !isExample.test(line) && !/parse-sysctl/.test(at))
    .map(({ at }) => at);
  assert.deepEqual(offences, []);
});

test('every kind of thing that an error names has a name in Chinese', () => {
  const named = new Set(
    lines().flatMap(({ line }) => /\bwhat: '([\w ]+)', (?:id|name)\b/.exec(line)?.[1] ?? []),
  );
  const offences = [...named].filter(
    (what) => renderMessage({ en: '{what}', zh: '{what}' }, 'zh', { what }) === what,
  );
  assert.deepEqual(offences, []);
  assert.ok(named.size > 10, 'the pattern still finds them');
});
