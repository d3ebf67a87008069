/** The disk of the server fills up in the middle of a run: a file system of the test's own, so that nobody else's is filled. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { errorCode } from '@pilothouse/base';
import { auditRoutes, enrolmentRoutes, isAppError } from '@pilothouse/contract';
import { honest, until } from '@pilothouse/testkit';
import { verifyAudit } from '../src/verify-audit.ts';
import { type TestInstallation, testInstallation } from './test-installation.ts';

const HOSTS = 12;
const IN_FLIGHT = 2;
const DISK_BYTES = 64 * 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024);

/** A small disk, where whatever asks for a temporary directory finds one from now on. */
function smallDisk(t: TestContext): string {
  const outside = process.env['TMPDIR'];
  const disk = mkdtempSync(join(tmpdir(), 'pilothouse-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=0700`, 'pilothouse-disk', disk]);
  process.env['TMPDIR'] = disk;
  t.after(() => {
    if (outside === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = outside;
    execFileSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true });
  });
  return disk;
}

/** Leaves no byte of it. */
function fill(disk: string): string {
  const path = join(disk, 'filler');
  const file = openSync(path, 'w');
  try {
    for (let size = PIECE.length; size >= 1; ) {
      try {
        writeSync(file, PIECE, 0, size);
      } catch (error) {
        if (errorCode(error) !== 'ENOSPC') throw error;
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(file);
  }
  return path;
}

const codeOf = (attempt: Promise<unknown>): Promise<string | null> =>
  attempt.then(
    () => null,
    (error: unknown) => (isAppError(error) ? error.code : String(error)),
  );

const write = ({ client }: TestInstallation): Promise<string | null> =>
  codeOf(client.call(enrolmentRoutes.createToken, { body: { name: 'x'.repeat(60), usesMax: 1 } }));

test('a full disk is said by the API, and once there is room the run ends with every result once and every agent', async (t) => {
  const disk = smallDisk(t);
  const installation = await testInstallation('sqlite');
  t.after(() => installation.close());
  const fleet = await installation.fleet(HOSTS, honest('done', 200));
  const { id } = await installation.run({ inFlightMax: IN_FLIGHT });
  await until('some to have run', 30_000, async () => (await installation.rollout(id)).counts.succeeded >= 2);

  const filler = fill(disk);
  // What the log had reserved is used up first.
  const code = await until('a write to be refused', 30_000, () => write(installation));
  const read = await codeOf(installation.client.call(auditRoutes.list, { query: { limit: 1 } }));
  const connected = fleet.agents.filter((agent) => agent.isConnected).length;
  rmSync(filler);
  await until('writes to be taken again', 30_000, async () => (await write(installation)) === null);
  const { counts } = await installation.ended(id);
  await until('every agent to be back', 60_000, async () => fleet.agents.every((agent) => agent.isConnected));

  assert.equal(code, 'STORE_FULL', installation.server().log().slice(-4000));
  assert.equal(read, null, 'what is there can be read');
  // Whose word could not be saved is asked to come back and to repeat it, and comes back when it can be noted.
  assert.ok(connected >= HOSTS - IN_FLIGHT, `${connected} connected`);
  assert.equal(counts.succeeded, HOSTS, JSON.stringify(counts));
  const executions = fleet.agents.flatMap((agent) => [...agent.executions.values()]);
  assert.deepEqual(
    executions,
    Array.from({ length: HOSTS }, () => 1),
  );
  const verdict = await verifyAudit(['--data', installation.dataDirectory, '--store', 'sqlite'], 'en');
  assert.ok(verdict.isIntact, verdict.text);
});
