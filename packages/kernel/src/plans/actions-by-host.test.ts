import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, defineAction, isAppError } from '@pilothouse/contract';
import { z } from 'zod';
import { entryOf, testAction } from '../rollouts/open-test-rollouts.ts';
import { createActionRegistry } from './action-registry.ts';
import { actionsByHost } from './actions-by-host.ts';

/** Asks for the label that its text names after a colon. */
const labelled = defineAction({
  name: 'test.labelled',
  title: testAction.title,
  trust: 'typed',
  timeoutMsMax: 1000,
  undo: { kind: 'recorded' },
  parameters: z.object({ text: z.string().max(200_000) }),
  effect: () => 'read',
  interrupts: () => 'none',
  locks: () => [],
  perHost: {
    labels: ({ text }) => (text.startsWith('label:') ? [text.slice('label:'.length)] : []),
    fill: ({ text }, labels) => ({
      text: `${text} is ${labels[text.slice('label:'.length)]}`.slice('label:'.length),
    }),
  },
});
const registry = createActionRegistry([testAction, labelled]);
const ask = (text: string) =>
  registry.check([
    { action: 'test.labelled', parameters: { text } },
    { action: 'test.run', parameters: { text: 'same' } },
  ]).actions;
const host = (n: number, labels: Record<string, string>) => ({
  ...entryOf(`h_00000000000000000${n}`, `web-${n}`),
  labels,
});
const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (isAppError(error)) return error.code;
    throw error;
  }
  return 'nothing';
};

test('hosts whose labels say the same share one list, filled in and final', () => {
  const hosts = [host(1, { site: 'bj1', rack: 'r1' }), host(2, { site: 'gz2' }), host(3, { site: 'bj1' })];

  const { lists, listOf } = actionsByHost(registry, ask('label:site'), hosts);

  assert.deepEqual(listOf, [0, 1, 0]);
  assert.deepEqual(
    lists.map((list) => list.map(({ parameters }) => parameters['text'])),
    [
      ['site is bj1', 'same'],
      ['site is gz2', 'same'],
    ],
  );
});

test('parameters that ask for no label are one list for all, the very one that was checked', () => {
  const actions = ask('plain');

  const { lists, listOf } = actionsByHost(registry, actions, [host(1, {}), host(2, { site: 'x' })]);

  assert.equal(lists[0], actions);
  assert.deepEqual([lists.length, listOf], [1, [0, 0]]);
});

test('a host without the label is named, and what would not fit into memory is refused', () => {
  const many = Array.from({ length: 200 }, (_, n) => host(1, { site: `s${n}` }));

  assert.throws(
    () => actionsByHost(registry, ask('label:site'), [host(1, { site: 'bj1' }), host(2, {})]),
    (error) =>
      error instanceof AppError &&
      error.code === 'PLAN_LABEL_MISSING' &&
      error.details['label'] === 'site' &&
      error.details['hosts'] === 'web-2',
  );
  const padded = createActionRegistry([
    defineAction({
      ...labelled,
      perHost: {
        labels: ({ text }) => (text === 'x' ? ['site'] : []),
        fill: (_, { site = '' }) => ({ text: site.padEnd(150_000) }),
      },
    }),
  ]);
  const actions = padded.check([{ action: 'test.labelled', parameters: { text: 'x' } }]).actions;
  assert.equal(
    codeOf(() => actionsByHost(padded, actions, many)),
    'PLAN_PARAMETERS_TOO_LARGE',
  );
  assert.equal(
    codeOf(() => actionsByHost(padded, actions, many.slice(0, 100))),
    'nothing',
  );
});

test('a label is what somebody set, and no name that every object has', () => {
  assert.throws(() => actionsByHost(registry, ask('label:constructor'), [host(1, {})]), {
    code: 'PLAN_LABEL_MISSING',
  });
});
