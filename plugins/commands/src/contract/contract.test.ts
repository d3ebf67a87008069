import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandParameters, commandsPlugin, runCommandAction, ScriptContent } from '../contract.ts';

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').sort();

test('says the same in both languages', () => {
  for (const [code, row] of Object.entries(commandsPlugin.errors)) {
    for (const message of [row.title, row.hint]) {
      assert.deepEqual(placeholders(message.en), placeholders(message.zh), code);
    }
  }
});

test('calls a command disruptive unless told otherwise', () => {
  const effect = runCommandAction.effect(CommandParameters.parse({ argv: ['uptime'] }));

  assert.equal(effect, 'disruptive');
  assert.equal(runCommandAction.trust, 'arbitrary');
});

test('takes either an argument vector or a text for a shell', () => {
  const isValid = (value: unknown) => CommandParameters.safeParse(value).success;

  assert.ok(isValid({ argv: ['ls'] }));
  assert.ok(isValid({ shell: 'ls | wc', interpreter: 'bash' }));
  for (const wrong of [
    {},
    { argv: ['ls'], shell: 'ls' },
    { argv: [] },
    { argv: [''] },
    { argv: ['ls'], interpreter: 'sh' },
    { argv: ['a\0b'] },
    { shell: 'ls', interpreter: 'sh -c' },
    { argv: ['ls'], directory: 'relative' },
    { argv: ['ls'], environment: { '1X': 'y' } },
  ]) {
    assert.ok(!isValid(wrong), JSON.stringify(wrong));
  }
});

test('refuses two parameters of one name', () => {
  const parameters = [
    { kind: 'string', name: 'file' },
    { kind: 'number', name: 'file' },
  ];

  assert.ok(!ScriptContent.safeParse({ text: 'true', parameters }).success);
});

test('gives every route a permission it declares and error codes that exist', () => {
  const names = new Set(Object.values(commandsPlugin.permissions).map((permission) => permission.name));
  for (const route of commandsPlugin.routes) {
    assert.ok(route.access.kind === 'permission' && names.has(route.access.permission), route.id);
    const body = route.body?.safeParse(route.example.body);
    assert.ok(body === undefined || body.success, `${route.id}: example body`);
  }
});
