import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLog } from './write-log.ts';

const logTo = (lines: string[], format: 'json' | 'text', level: 'debug' | 'warn' = 'debug') =>
  createLog({ level, format, clock: { now: () => 0 }, write: (line) => lines.push(line) });

test('writes one JSON object a line, whatever the fields hold', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.dictionary(fc.string(), fc.anything({ withBigInt: true })),
      (text, fields) => {
        const lines: string[] = [];
        logTo(lines, 'json').info(text, fields);

        assert.equal(lines.length, 1);
        assert.equal((lines[0] ?? '').split('\n').length, 2);
        assert.doesNotThrow(() => JSON.parse(lines[0] ?? ''));
      },
    ),
  );
});

test('text of a foreign host cannot break out of its line or colour a terminal', () => {
  const lines: string[] = [];
  logTo(lines, 'text').info('said', { output: 'a\nERROR forged \u001b[31m' });

  assert.equal(lines.join('').split('\n').length, 2);
  assert.ok(!lines.join('').includes('\u001b'));
});

test('a circle in a field is named instead of thrown', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  for (const format of ['json', 'text'] as const) {
    const lines: string[] = [];
    logTo(lines, format).warn('odd', { circle });

    assert.match(lines[0] ?? '', /unprintable/);
  }
});

test('says an error with its causes, and nothing below its level', () => {
  const lines: string[] = [];
  const log = logTo(lines, 'json', 'warn');
  log.info('not this');
  log.error('broke', { error: new Error('outer', { cause: new Error('inner') }) });

  assert.equal(lines.length, 1);
  assert.equal(JSON.parse(lines[0] ?? '').error.cause.message, 'inner');
});

test('what a stranger sends stays on its line and steers no terminal, in both formats', () => {
  for (const format of ['json', 'text'] as const) {
    const lines: string[] = [];
    const log = createLog({
      level: 'info',
      format,
      clock: { now: () => 0 },
      write: (line) => lines.push(line),
    });

    log.info('request', { path: '/a\r\nERROR forged\x1b[2J\u009b31m\u202e\u2028end' });

    assert.equal(lines.length, 1);
    assert.equal(lines[0]?.indexOf('\n'), (lines[0]?.length ?? 0) - 1);
    for (const sign of ['\r', '\x1b', '\u009b', '\u202e', '\u2028'])
      assert.ok(lines[0]?.includes(sign) === false, JSON.stringify(sign));
    if (format === 'json') assert.match(JSON.parse(lines[0] ?? '').path, /ERROR forged/);
  }
});
