import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentLacks } from './agent-lacks.ts';

const both = (text: string) => {
  const chinese = `${text}。`;
  return { en: text, zh: chinese };
};
const declared = {
  facts: new Map([
    ['hardware', { title: both('Hardware'), withoutRoot: both('memory modules') }],
    ['os', { title: both('System') }],
  ]),
  actions: new Map([
    ['host.reboot', { title: both('Reboot'), withoutRoot: both('only root may') }],
    ['commands.run', { title: both('Run') }],
  ]),
} as unknown as Parameters<typeof agentLacks>[0]; // of a declaration, these two fields are read

test('what is declared and what the agent says itself is one line, in both languages', () => {
  const hello = {
    actionsAbsent: { 'host.reboot': 'only root may' },
    actionsAbsentWhy: { 'host.reboot': both('only root may') },
  };

  assert.deepEqual(agentLacks(declared, hello, { isRoot: false }), [
    { title: both('Hardware'), what: both('memory modules') },
    { title: both('Reboot'), what: both('only root may') },
  ]);
});

test('an agent that knows one language is quoted as it is; one with root says what it lacks all the same', () => {
  const hello = { actionsAbsent: { 'commands.run': 'no shell' } };

  assert.deepEqual(agentLacks(declared, hello, { isRoot: true }), [
    { title: both('Run'), what: { en: 'no shell', zh: 'no shell' } },
  ]);
});
