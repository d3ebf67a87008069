import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LANGUAGES } from '@pilothouse/contract';
import { helpTranscript } from './help-transcript.ts';
import { verbGroups } from './verbs.ts';

const GOLDEN = join(import.meta.dirname, '..', 'golden');
const verbs = verbGroups.flatMap((group) => group.verbs);

for (const language of LANGUAGES) {
  test(`helps in ${language} as the golden transcript shows (npm run golden writes it anew)`, async () => {
    const path = join(GOLDEN, `help.${language}.txt`);
    const text = await helpTranscript(verbGroups, language);

    if (process.env['PILOTHOUSE_GOLDEN'] === 'write') writeFileSync(path, text);

    assert.equal(text, readFileSync(path, 'utf8'));
  });
}

test('has an example for every command, beginning with the command itself', async () => {
  for (const verb of verbs) {
    for (const command of await verb.load()) {
      assert.ok(command.examples.length > 0, command.path);
      for (const { line } of command.examples) {
        assert.ok(line.includes(`pilothouse ${command.path}`), `${command.path}: ${line}`);
      }
    }
  }
});

test('says of a verb in the overall help what its own help says', async () => {
  for (const verb of verbs) {
    const own = (await verb.load()).find((command) => command.path === verb.name);
    if (own !== undefined) assert.deepEqual(verb.summary, own.summary, verb.name);
  }
});

test('has every verb that the product promises', () => {
  const promised =
    'login hosts host groups facts diff select run stop script rollouts rollout findings enrol tokens users roles audit events agent version';

  const names = new Set(verbs.map((verb) => verb.name));
  for (const name of promised.split(' ')) assert.ok(names.has(name), name);
});

test('never shadows an option of every command, and spells short options once', async () => {
  const global = ['json', 'server', 'token', 'lang', 'noColor'];
  for (const verb of verbs) {
    for (const command of await verb.load()) {
      const shorts = Object.values(command.options).flatMap((option) => option.short ?? []);
      assert.equal(new Set(shorts).size, shorts.length, command.path);
      for (const name of Object.keys(command.options))
        assert.ok(!global.includes(name), `${command.path} ${name}`);
    }
  }
});
