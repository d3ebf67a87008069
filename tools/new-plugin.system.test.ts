import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './tidy/source-tree.ts';

test('a new plugin stands in the conformance suite before anything is added, and a second of its name is refused', () => {
  // Inside the project, so that the new plugin finds the packages it imports.
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const place = mkdtempSync(join(ROOT, '.cache/new-plugin-'));
  const make = (name: string) =>
    spawnSync(process.execPath, [join(ROOT, 'tools/new-plugin.ts'), name], { cwd: place, encoding: 'utf8' });
  try {
    assert.equal(make('live-patch').status, 0);
    // Without the variable by which a test runner tells its children that they are part of it.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const conformance = spawnSync(
      process.execPath,
      ['--test', 'plugins/live-patch/test/conformance.test.ts'],
      {
        cwd: place,
        encoding: 'utf8',
        env,
      },
    );
    assert.equal(conformance.status, 0, conformance.stdout);
    assert.match(conformance.stdout, /pass 6/);
    assert.equal(make('live-patch').status, 2);
    assert.equal(make('Live Patch').status, 2);
  } finally {
    rmSync(place, { recursive: true });
  }
});
