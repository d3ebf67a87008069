import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { settings } from '../../apps/server/src/settings.ts';
import { ROOT } from './source-tree.ts';

test('docs/configuration.md has every setting of the server', () => {
  const page = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');

  assert.deepEqual(
    settings.filter((setting) => !page.includes(`\`${setting.name}\``)).map((setting) => setting.name),
    [],
  );
});
