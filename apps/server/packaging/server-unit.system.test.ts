import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const UNIT = join(import.meta.dirname, 'pilothouse-server.service');
/** Of 10, in systemd's own scale; a unit without any protection has 9.6. */
const EXPOSURE_MAX = 1.5;

test('systemd understands the unit of the server, and finds little that it could harm', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-unit-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const unit = join(directory, 'pilothouse-server.service');
  // The program is not installed on the machine of a test.
  writeFileSync(unit, readFileSync(UNIT, 'utf8').replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'));

  const verified = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  const judged = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', unit], {
    encoding: 'utf8',
  });

  assert.equal(`${verified.stdout}${verified.stderr}`, '');
  const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(judged.stdout)?.[1];
  assert.ok(Number(exposure) <= EXPOSURE_MAX, judged.stdout + judged.stderr);
});
