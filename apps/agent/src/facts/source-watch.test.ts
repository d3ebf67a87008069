import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSourceWatch } from './source-watch.ts';

const packages = { name: 'packages', sources: ['/status', '/absent'] };

test('names a fact once when its source has changed and come to rest', () => {
  let time: number | null = 1;
  const watch = createSourceWatch([packages], (path) => String(path === '/status' ? time : null));

  assert.deepEqual(watch.look(), [], 'nothing changed');
  time = 2;
  assert.deepEqual(watch.look(), [], 'it may still be written');
  time = 3;
  assert.deepEqual(watch.look(), [], 'and it was');
  assert.deepEqual(watch.look(), ['packages']);
  assert.deepEqual(watch.look(), [], 'once');
  time = null;
  watch.look();
  assert.deepEqual(watch.look(), ['packages'], 'a source that went is a change');
});
