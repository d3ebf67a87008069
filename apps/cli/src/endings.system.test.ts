import assert from 'node:assert/strict';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { auditRoutes, eventsRoutes, hostsRoutes, selectRoutes, stopRoutes } from '@pilothouse/contract';
import { signedInCli } from './signed-in-cli.ts';
import { TEST_NOW } from './test-cli.ts';
import { problem } from './test-server.ts';
import { witnessFile } from './witness.ts';

const cli = signedInCli();
const { run } = cli;

const at = new Date(TEST_NOW - 3 * 3_600_000).toISOString();
const noHosts = { json: { items: [], nextCursor: null, total: 0, undetermined: 0 } };

test('events that are followed from a cursor on are all read, however many there are', async () => {
  const event = (cursor: number) => ({ cursor, at, type: 'host.online', hostId: null, data: {} });
  const total = 450;
  cli.server.on(eventsRoutes.list, ({ query }) => {
    const { after = 0, limit } = query as { after?: number; limit: number };
    const last = Math.min(total, after + limit);
    const items = Array.from({ length: last - after }, (_, n) => event(after + n + 1));
    return { json: { items, cursor: last, isAtEnd: last === total, latest: total } };
  });
  const left = new AbortController();
  cli.server.on(eventsRoutes.stream, ({ query }) => {
    left.abort();
    assert.deepEqual(query, { after: total });
    return { stream: [] };
  });

  const { exit, out } = await run(['events', '--follow', '--after', '0', '--json'], { signal: left.signal });

  assert.equal(out.trim().split('\n').length, total);
  assert.equal(exit, 130);
});

test('an emergency stop that asks nothing asks the server nothing else', async () => {
  const stop = {
    id: 'st_000000000000000001',
    selector: 'label.site == "bj1"',
    scopeHostsCount: null,
    endRunning: false,
    reason: '',
    createdBy: 'ada',
    createdAt: at,
  };
  cli.server.on(selectRoutes.check, problem(403, 'FORBIDDEN', { permission: 'hosts.read' }));
  cli.server.on(stopRoutes.create, { json: { stop, tasksCount: 3 } });

  const { exit, err } = await run(['stop', '-s', 'label.site == "bj1"', '--yes']);

  assert.equal(exit, 0, err);
  assert.deepEqual(cli.server.requests(stopRoutes.create)[0]?.body, {
    selector: 'label.site == "bj1"',
    endRunning: false,
    reason: '',
  });
});

test('a time that no calendar has is a wrong value, and no fault of the program', async () => {
  for (const line of [
    ['facts', 'web-1', '--as-of', '999999999d'],
    ['host', 'maintenance', 'web-1', '--reason', 'x', '--for', '999999999d'],
    ['plan', 'make', '--all', '--expires', '999999999d', '--dry', '--', 'true'],
  ]) {
    const { exit, err } = await run(line);

    assert.equal(exit, 2, err);
    assert.match(err, /CLI_VALUE_INVALID/);
  }
});

test('Ctrl-C between two looks ends a live view as it ends everything', async () => {
  cli.server.on(hostsRoutes.list, noHosts);
  cli.server.on(eventsRoutes.stream, { stream: [] });
  for (const line of [
    ['hosts', '--watch'],
    ['events', '--follow'],
  ]) {
    const keys = new AbortController();

    const { exit, err } = await run(line, { signal: keys.signal, pause: () => keys.abort() });

    assert.deepEqual([exit, err], [130, ''], line.join(' '));
  }
});

test('a command that worked has worked, although this computer cannot keep its witness', async () => {
  const checkpoint = { sequence: 1, hash: '0'.repeat(64), at, keyId: 'k', signature: 's' };
  cli.server.on(hostsRoutes.list, noHosts);
  cli.server.on(auditRoutes.checkpoint, { json: checkpoint });
  const place = witnessFile(cli.directory, cli.server.url);

  // No directory can be made there, as on a disk that is full or may not be written.
  await writeFile(join(cli.directory, 'witness'), '');
  const unwritable = await run(['hosts']);
  await rm(join(cli.directory, 'witness'));
  // What a computer left that lost its power in the middle.
  await mkdir(join(cli.directory, 'witness'));
  await writeFile(place.path, '{"sequence":');
  await utimes(place.path, 0, 0);
  const damaged = await run(['hosts']);

  assert.deepEqual([unwritable.exit, unwritable.err], [0, '']);
  assert.deepEqual([damaged.exit, damaged.err], [0, '']);
  assert.deepEqual(await place.read(), checkpoint);
  await writeFile(place.path, '{"sequence":');
  const verified = await run(['audit', 'verify']);
  assert.equal(verified.exit, 2);
  assert.match(verified.err, /CLI_FILE_UNREADABLE/);
});
