import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paint } from '@pilothouse/cli-kit';
import { systemTerminal } from './system-terminal.ts';

/** What of the text comes out at each end. */
function written(text: string, isTTY: boolean): string[] {
  const out: string[] = [];
  const stream = { isTTY, columns: 80, rows: 24, write: (piece: string) => out.push(piece) };
  const process = { stdout: stream, stderr: stream, stdin: {}, env: {} } as unknown as NodeJS.Process; // What is used of one.
  const terminal = systemTerminal(process, { isColourAllowed: true });
  terminal.write(text);
  terminal.writeError(text);
  return out;
}

test('a terminal obeys only this program, whatever a command forgot to make harmless', () => {
  const hostile = 'a\u001b]0;title\u0007\u001b[2J\u009b1A\u202eb\rc\r\n\td\r\u001b[K';
  const shown = 'a‹1b›]0;title‹07›‹1b›[2J‹9b›1A‹202e›b‹0d›c\r\n\td‹0d›‹1b›[K';

  assert.deepEqual(written(hostile, true), [shown, shown]);
  assert.deepEqual(written(hostile, false), [hostile, hostile]);
});

test('its own colours, lines drawn anew and cleared pages reach the terminal', () => {
  const red = paint({ hasColour: true }, 'red', 'failed');

  for (const own of [red, `\r\u001b[K${red}`, '\u001b[H\u001b[2J'])
    assert.deepEqual(written(own, true), [own, own]);
});
