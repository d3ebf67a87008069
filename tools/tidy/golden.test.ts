import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { errorsPage } from '../errors-page.ts';
import { ROOT } from './source-tree.ts';

test('docs/errors.md says what the error tables say (npm run golden writes it anew)', () => {
  const path = join(ROOT, 'docs/errors.md');
  const page = errorsPage();

  if (process.env['PILOTHOUSE_GOLDEN'] === 'write') writeFileSync(path, page);

  assert.equal(readFileSync(path, 'utf8'), page);
});
