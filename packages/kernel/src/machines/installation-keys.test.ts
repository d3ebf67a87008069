import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AppError } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import { openTestStore } from '@pilothouse/store/test-store';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { silentLog } from '../log.ts';
import { openInstallationKeys } from './installation-keys.ts';
import { machinesStore } from './machines-store.ts';
import { machinesMigrations } from './migrations.ts';

function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-keys-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

async function world(t: TestContext) {
  const store = await openTestStore();
  t.after(() => store.close());
  await store.migrate([machinesMigrations]);
  return { store, clock: fakeClock(), log: silentLog };
}

const code = (expected: string) => (error: unknown) => error instanceof AppError && error.code === expected;

const bring = (from: string, to: string): void =>
  copyFileSync(join(from, 'cluster.key'), join(to, 'cluster.key'));

const sealedText = (store: Store, name: string): Promise<string | null> => machinesStore.key(store, name);

test('with one machine keys are files, and nothing is in the database', async (t) => {
  const context = await world(t);
  const directory = newDirectory(t);

  const { keyFiles } = await openInstallationKeys(context, { directory, hasPeers: false });
  await keyFiles.write('ca.pem', 'secret');

  assert.deepEqual(readdirSync(directory), ['ca.pem']);
  assert.equal(await machinesStore.hasKeys(context.store), false);
});

test('the first leader that has machines beside it moves all keys in, and no plain copy stays', async (t) => {
  const context = await world(t);
  const directory = newDirectory(t);
  writeFileSync(join(directory, 'ca.pem'), 'the authority');

  const { keyFiles } = await openInstallationKeys(context, { directory, hasPeers: true });

  assert.deepEqual(readdirSync(directory), ['cluster.key']);
  assert.equal(await keyFiles.read('ca.pem'), 'the authority');
  const sealed = Buffer.from((await sealedText(context.store, 'ca.pem')) ?? '', 'base64');
  assert.equal(sealed.includes('the authority'), false);
});

test('a machine with the file has every key of the others, also after the settings no longer speak of machines', async (t) => {
  const context = await world(t);
  const [one, other] = [newDirectory(t), newDirectory(t)];
  const first = await openInstallationKeys(context, { directory: one, hasPeers: true });
  await first.keyFiles.write('envelope.pem', 'from the first');
  bring(one, other);

  const second = await openInstallationKeys(context, { directory: other, hasPeers: false });
  await second.keyFiles.write('envelope.pem', 'from the second');
  await second.keyFiles.remove('gone.pem');

  assert.equal(await first.keyFiles.read('envelope.pem'), 'from the second');
});

test('without the file, with that of another installation, or with a text under another name nothing opens', async (t) => {
  const context = await world(t);
  const [one, other] = [newDirectory(t), newDirectory(t)];
  const { keyFiles } = await openInstallationKeys(context, { directory: one, hasPeers: true });
  await keyFiles.write('ca.pem', 'the authority');

  const without = openInstallationKeys(context, { directory: other, hasPeers: true });
  await assert.rejects(without, code('CLUSTER_KEY_MISSING'));
  writeFileSync(join(other, 'cluster.key'), `${Buffer.alloc(32, 7).toString('base64')}\n`);
  const foreign = await openInstallationKeys(context, { directory: other, hasPeers: true });
  await assert.rejects(foreign.keyFiles.read('ca.pem'), code('CLUSTER_KEY_WRONG'));
  const sealed = (await sealedText(context.store, 'ca.pem')) ?? '';
  await context.store.transaction((transaction) =>
    machinesStore.setKey(transaction, { name: 'envelope.pem', sealed, changedAt: 0 }),
  );
  await assert.rejects(keyFiles.read('envelope.pem'), code('CLUSTER_KEY_WRONG'));
  await assert.rejects(keyFiles.read('none.pem'), code('ENROL_KEY_MISSING'));
});

test('a start that broke off between the file and the database is done again', async (t) => {
  const context = await world(t);
  const directory = newDirectory(t);
  const key = `${Buffer.alloc(32, 9).toString('base64')}\n`;
  writeFileSync(join(directory, 'cluster.key'), key);
  writeFileSync(join(directory, 'ca.pem'), 'the authority');

  const { keyFiles } = await openInstallationKeys(context, { directory, hasPeers: true });

  assert.equal(readFileSync(join(directory, 'cluster.key'), 'utf8'), key);
  assert.equal(await keyFiles.read('ca.pem'), 'the authority');
});
