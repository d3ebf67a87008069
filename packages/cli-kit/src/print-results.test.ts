import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResultGroup } from '@pilothouse/contract';
import { renderMessage } from '@pilothouse/contract';
import { createResultsPrinter } from './print-results.ts';

test('a group whose output is on its way waits for it, but not beyond the end', () => {
  let out = '';
  const context = {
    terminal: { hasColour: false, write: (text: string) => (out += text) },
    say: (message: { en: string; zh: string }, parameters = {}) => renderMessage(message, 'en', parameters),
  };
  const ended = { state: 'succeeded', exitCode: 0, error: null, hostsCount: 2, hostNames: ['h1', 'h2'] };
  const coming = { ...ended, outputDigest: 'a'.repeat(64), preview: null } as unknown as ResultGroup; // complete
  const here = { ...coming, preview: { stdout: 'all of it', stderr: '', cutBytes: 0, hiddenChars: 0 } };
  // The printer reads no more of it than this.
  const printer = () => createResultsPrinter(context as never, { isOutputShown: true });

  const waiting = printer();
  waiting.print([coming], false);
  const before = out;
  waiting.print([here], false);
  const after = out;
  out = '';
  printer().print([coming], true);

  assert.equal(before, '');
  assert.match(after, /h1, h2\n {4}all of it/);
  assert.match(out, /h1, h2\n {4}\(its output has not come: pilothouse rollout output ID h1\)/);
});

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
