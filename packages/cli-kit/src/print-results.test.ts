import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResultGroup } from '@pilothouse/contract';
import { renderMessage } from '@pilothouse/contract';
import { createResultsPrinter } from './print-results.ts';

test('an error that came of another brings that one’s words along', () => {
  let out = '';
  const terminal = { hasColour: false, write: (text: string) => (out += text) };
  const context = {
    terminal,
    say: (message: { en: string; zh: string }, parameters = {}) => renderMessage(message, 'en', parameters),
    describe: (code: string, details: object) => ({ title: `${code} ${JSON.stringify(details)}`, hint: '' }),
  };
  const error = {
    code: 'UNDO_FAILED',
    details: { action: 'files.manage', code: 'FILES_CHANGED_SINCE', cause: { path: '/etc/motd' } },
  };
  const group = { state: 'failed', exitCode: null, error, outputDigest: null, preview: null };

  // The printer reads no more of either than this.
  createResultsPrinter(context as never, { isOutputShown: false }).print([
    { ...group, hostsCount: 1, hostNames: ['h3'] } as unknown as ResultGroup,
  ]);

  assert.match(out, /FILES_CHANGED_SINCE \{"path":"\/etc\/motd"\}/);
});
