import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DAY_MS } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import { enrolmentMigrations, openTrust } from '../enrolment/index.ts';
import { openTestContext } from '../open-test-context.ts';
import { leaderFinder } from './find-leader.ts';
import { openInstallationKeys } from './installation-keys.ts';
import { machinesMigrations } from './migrations.ts';
import { createPeerBook } from './peer-book.ts';
import { takeTerm } from './take-term.ts';

const HERE = { host: '10.0.0.1', port: 7445 };
const DOOR = '/var/lib/pilothouse/leader.sock';

async function open(t: TestContext) {
  const context = await openTestContext([]);
  t.after(() => context.store.close());
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-find-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const find = leaderFinder({
    reader: context.store,
    own: HERE,
    doorPath: DOOR,
    keysDirectory: directory,
  });
  const lead = async () => {
    await context.store.migrate([enrolmentMigrations, machinesMigrations]);
    const { keyFiles } = await openInstallationKeys(context, { directory, hasPeers: true });
    const trust = await openTrust(context, keyFiles);
    const book = await createPeerBook(context, { keyFiles, trust });
    t.after(() => book.close());
    return { trust, book };
  };
  return { context, directory, find, lead };
}

test('a front finds nobody before somebody has led, then its own machine, then the one that took over', async (t) => {
  const { context, find, lead } = await open(t);

  const before = await find();
  const { book } = await lead();
  const made = await find();
  const first = await takeTerm(context, '10.0.0.1:7445');
  const here = await find();
  const second = await takeTerm(context, '10.0.0.2:7445');
  const there = await find();

  assert.deepEqual([before, made], [null, null]);
  assert.deepEqual(here, { kind: 'socket', path: DOOR, term: 1 });
  assert.deepEqual(there, {
    kind: 'peer',
    address: { host: '10.0.0.2', port: 7445 },
    credentials: book.current(),
    term: 2,
  });
  assert.deepEqual([first.before, second.before?.address], [null, '10.0.0.1:7445']);
});

test('a front of a machine without the key of the installation is refused', async (t) => {
  const { context, directory, find, lead } = await open(t);
  await lead();
  await takeTerm(context, '10.0.0.2:7445');

  rmSync(join(directory, 'cluster.key'));

  await assert.rejects(find(), (error) => error instanceof AppError && error.code === 'CLUSTER_KEY_MISSING');
});

test('what machines prove themselves with is renewed in time, and when an authority comes', async (t) => {
  const { context, find, lead } = await open(t);
  const { trust, book } = await lead();
  await takeTerm(context, '10.0.0.2:7445');
  const told: string[] = [];
  const changed = (): Promise<void> =>
    new Promise((resolve) => {
      book.onChange(({ certificatePem }) => {
        told.push(certificatePem);
        resolve();
      });
    });

  const byAge = changed();
  context.clock.advance(70 * DAY_MS);
  await byAge;
  const byTrust = changed();
  await trust.rotate('ca', async () => undefined);
  await byTrust;

  const place = await find();
  assert.equal(place?.kind === 'peer' && place.credentials.authorityPems.length, 2);
  assert.equal(place?.kind === 'peer' && place.credentials.certificatePem, told.at(-1));
});
