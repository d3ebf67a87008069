import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandsOf } from './document-commands.ts';

const page = (...lines: string[]): string => lines.join('\n');

test('takes the commands of console blocks, and neither output nor other blocks', () => {
  const text = page(
    '```console',
    '$ pilothouse hosts',
    'NAME',
    '$ true',
    '```',
    '',
    '```text',
    '$ npm start',
    '```',
  );

  assert.deepEqual(
    commandsOf(text).map((command) => command.text),
    ['pilothouse hosts', 'true'],
  );
});

test('knows the exit code that a line announces, and none otherwise', () => {
  const [fails, works] = commandsOf(page('```console', '$ false # exit 1', '$ echo "# exit 1 "', '```'));

  assert.deepEqual(fails, { text: 'false', line: 2, exitCode: 1 });
  assert.equal(works?.exitCode, 0);
});

test('joins continuation lines, and refuses one without a command', () => {
  const text = page('```console', "$ cat > a <<'END'", '> one', '> END', 'output', '```');

  assert.equal(commandsOf(text)[0]?.text, "cat > a <<'END'\none\nEND");
  assert.throws(() => commandsOf(page('```console', '> lost', '```')), /line 2/);
});
