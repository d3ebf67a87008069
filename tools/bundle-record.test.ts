import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { isBundleFresh } from './bundle-record.mjs';

test('a bundle is fresh until a source of it is newer or gone', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'pilothouse-bundle-'));
  t.after(() => rmSync(root, { recursive: true }));
  const write = (path: string, second: number, text = ''): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    utimesSync(join(root, path), second, second);
  };
  for (const path of ['tools/build.ts', 'tools/lean-bundle.ts', 'package-lock.json', 'apps/cli/src/main.ts'])
    write(path, 1);

  const before = isBundleFresh(root, 'cli');
  write('dist/cli/main.js', 2);
  write('dist/cli.inputs.json', 2, '["apps/cli/src/main.ts"]');
  const built = isBundleFresh(root, 'cli');
  write('apps/cli/src/main.ts', 3);
  const edited = isBundleFresh(root, 'cli');
  rmSync(join(root, 'apps/cli/src/main.ts'));
  const removed = isBundleFresh(root, 'cli');

  assert.deepEqual([before, built, edited, removed], [false, true, false, false]);
});
