import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Message, renderMessage } from '@pilothouse/contract';
import fc from 'fast-check';
import { moment } from './ages.ts';
import { parseDuration, parseMoment } from './parse-duration.ts';
import { jsonText } from './print.ts';
import { progressLine } from './progress.ts';
import { showPairs } from './show-pairs.ts';
import { type Column, renderTable } from './table.ts';
import { plain, type Terminal } from './terminal.ts';
import { textWidth, truncate } from './text-width.ts';

const say = (message: Message, parameters = {}): string => renderMessage(message, 'en', parameters);
const terminal = (columns: number, isOutputTty: boolean): Terminal => ({
  isOutputTty,
  isErrorTty: false,
  isInputTty: false,
  columns,
  rows: 24,
  hasColour: false,
  write() {},
  writeError() {},
  ask: async () => null,
  readInput: async () => '',
});

test('counts the columns that a terminal gives to text', () => {
  assert.equal(textWidth('web-1'), 5);
  assert.equal(textWidth('数据库'), 6);
  assert.equal(textWidth('ｆｕｌｌ'), 8);
  assert.equal(textWidth('e\u0301'), 1);
  assert.equal(textWidth('\u001b[31mred\u001b[0m'), 3);
});

test('cuts text so that it never takes more columns than it may', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '界', '😀', 'é') }), fc.nat(20), (text, columns) => {
      assert.ok(textWidth(truncate(text, columns)) <= columns);
    }),
  );
});

test('lays a table out within the terminal, and cuts nothing in a pipe', () => {
  const columns: Column<readonly [string, string]>[] = [
    { title: { en: 'A', zh: 'A' }, value: ([a]) => a },
    { title: { en: 'B', zh: 'B' }, value: ([, b]) => b },
  ];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }))),
      fc.integer({ min: 20, max: 120 }),
      (rows, width) => {
        const text = renderTable({ terminal: terminal(width, true), say }, columns, rows);

        for (const line of text.split('\n')) assert.ok(textWidth(line) <= width, line);
      },
    ),
  );
  const long = 'x'.repeat(500);
  assert.match(
    renderTable({ terminal: terminal(80, false), say }, columns, [[long, long]]),
    /x{500} {2}x{500}/,
  );
});

test('lets nothing that a host printed reach the terminal as a command', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(plain(text), /(?![\n\t])\p{Cc}/u);
    }),
  );
  assert.equal(plain('a\u001b]0;title\u0007b\r\n\tc\u202e'), 'a‹1b›]0;title‹07›b\n\tc‹202e›');
});

test('prints JSON that means the same and that no terminal obeys', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), fc.constantFrom(undefined, 2), (value, indent) => {
      const text = jsonText(value, indent);

      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Bidi_Control}]/u);
    }),
  );
  assert.equal(jsonText(['\u009b2J\u202e']), '["\\u009b2J\\u202e"]');
});

test('reads durations and moments', () => {
  assert.equal(parseDuration('1h30m'), 5_400_000);
  for (const wrong of ['', '5', '5 m', 'm', '-5m', '1.5h', '5x'])
    assert.throws(() => parseDuration(wrong), wrong);
  const now = Date.parse('2026-05-03T12:00:00Z');
  assert.equal(parseMoment('2h', now), '2026-05-03T10:00:00.000Z');
  assert.equal(parseMoment('2026-05-01', now), '2026-05-01T00:00:00.000Z');
  assert.throws(() => parseMoment('yesterday', now));
});

test('says how far a rollout is, how fast, and how long it will take', () => {
  const line = progressLine({ say }, { total: 200, done: 50, failed: 2, running: 10 }, 5);

  assert.equal(line, '[====            ] 50/200 done, 2 failed, 10 running, 10/s, about 15 s left');
});

test('says how long it has taken while no host is done, because there is no rate yet', () => {
  const line = progressLine({ say }, { total: 1, done: 0, failed: 0, running: 1 }, 3.7);

  assert.equal(line, '[                ] 0/1 done, 0 failed, 1 running, 3 s so far');
});

test('cuts no id, however narrow the terminal', () => {
  const columns: Column<readonly [string, string]>[] = [
    { title: { en: 'ID', zh: 'ID' }, isKeptWhole: true, value: ([id]) => id },
    { title: { en: 'TITLE', zh: 'TITLE' }, value: ([, title]) => title },
  ];

  const text = renderTable({ terminal: terminal(40, true), say }, columns, [
    ['r_0k3v9d2qa7m8f4q7xz', 'x'.repeat(90)],
  ]);

  assert.match(text, /r_0k3v9d2qa7m8f4q7xz {2}x{10,17}…/);
});

test('shows details as pairs, and leaves out what is empty', () => {
  const details = { name: 'web 1', state: 'active', uses: 1, groups: [], labels: {}, replaces: null };

  assert.equal(showPairs(details), 'name="web 1" state=active uses=1');
  assert.equal(showPairs({ hosts: ['a', 'b', 'c', 'd'] }), 'hosts=a,b,c,… (4)');
});

test('shows a moment so that --since reads it again', () => {
  const shown = moment('2026-05-03T12:00:07.250Z');

  assert.equal(shown, '2026-05-03 12:00:07Z');
  assert.equal(parseMoment(shown, 0), '2026-05-03T12:00:07.000Z');
  assert.equal(moment(null), '-');
});
