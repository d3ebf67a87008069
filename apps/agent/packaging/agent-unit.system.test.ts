import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const UNIT = join(import.meta.dirname, 'pilothouse-agent.service');

test('systemd understands every line of the agent’s unit', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-unit-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const unit = join(directory, 'pilothouse-agent.service');
  // The program is not installed on the machine of a test.
  writeFileSync(unit, readFileSync(UNIT, 'utf8').replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'));

  const verified = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });

  assert.equal(`${verified.stdout}${verified.stderr}`, '');
});
