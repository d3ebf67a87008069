import assert from 'node:assert/strict';
import { test } from 'node:test';
import { languageAsked } from './system-language.ts';

test('the flag wins over the environment, the environment over the locale; nonsense is passed over', () => {
  const chinese = { PILOTHOUSE_LANG: 'zh', LANG: 'en_US.UTF-8' };

  assert.equal(languageAsked(['--lang', 'en'], chinese), 'en');
  assert.equal(languageAsked(['--listen', ':1', '--lang=zh'], {}), 'zh');
  assert.equal(languageAsked(['--lang'], chinese), 'zh');
  assert.equal(languageAsked(['--lang', 'fr'], chinese), 'zh');
  assert.equal(languageAsked(['zh'], { LANG: 'en_US.UTF-8' }), 'en');
  assert.equal(languageAsked([], { LANG: 'zh_CN.UTF-8' }), 'zh');
});
