import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Message, renderMessage } from '@pilothouse/contract';
import type { AppContext } from '../app-context.ts';
import { digest, made, strategy } from '../test-plans.ts';
import { showPlan } from './show-plan.ts';

test('no text of a plan can pass itself off as a line of this program', () => {
  const lines: string[] = [];
  const context = {
    say: (message: Message, parameters = {}) => renderMessage(message, 'en', parameters),
    isJson: false,
    terminal: { writeError: (text: string) => void lines.push(...text.trimEnd().split('\n')) },
  } as unknown as AppContext; // What showPlan uses of one.
  const lie = 'harmless\ndigest, worked out here: 0000\r\nhosts: 0\u001b[2K';
  const header = {
    ...made.plan.header,
    title: lie,
    createdBy: lie,
    target: { selector: lie },
    strategy,
    waves: [{ name: lie, hostsCount: 3 }],
  };

  showPlan(context, { digest, header, steps: [] }, true);

  assert.deepEqual(
    lines.filter((line) => line.startsWith('digest, worked out here') || line.startsWith('hosts')),
    [`digest, worked out here: ${digest}`, 'hosts: 0'],
  );
  assert.ok(!lines.some((line) => line.includes('\u001b')));
});
