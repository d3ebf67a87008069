/** Stores of every released version, opened by this one: on both engines, by a whole server, and by none that is older. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, type TestContext, test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { createClient } from '@pilothouse/client';
import {
  budgetsRoutes,
  factsRoutes,
  freezesRoutes,
  hostsRoutes,
  planRoutes,
  resultRoutes,
  rolloutRoutes,
  schedulesRoutes,
  sessionRoutes,
} from '@pilothouse/contract';
import { kernelMigrations } from '@pilothouse/kernel';
import { openStore } from '@pilothouse/store';
import { startServerProcess, testFetch } from '@pilothouse/testkit';
import { type PostgresCluster, postgresCluster } from '@pilothouse/testkit/postgres';
import { plugins } from '../src/plugins.ts';
import { runStoreCommand } from '../src/store-commands/run-store-command.ts';
import { verifyAudit } from '../src/verify-audit.ts';

const STORES = join(import.meta.dirname, '../../../fixtures/stores');
const ENTRY = join(import.meta.dirname, '../src/main.ts');
const versions = readdirSync(STORES).map((name) => name.replace(/\.db\.zst$/, ''));

/** What each version could keep beside hosts, facts and runs that ended. */
const EXPECTED: Readonly<Record<string, { readonly title: string; readonly standing: readonly string[] }>> = {
  // Its last run waited for an offline host.
  '0.1.0': { title: 'uptime', standing: [] },
  // Its last rollout waited after the first wave for a person to confirm.
  '0.1.0-rollouts': { title: 'waits', standing: ['sites', 'new-year', 'yearly'] },
  // The same, after a wave that a gate had judged.
  '0.1.0-gates': { title: 'waits', standing: ['sites', 'new-year', 'yearly'] },
  // Its last rollout waited for an offline host.
  '0.1.0-machines': { title: 'waits', standing: ['sites', 'new-year', 'yearly'] },
};

// Assigned before the first test asks.
let cluster!: PostgresCluster;
before(async () => {
  cluster = await postgresCluster();
});
after(() => cluster.remove());

/** A data directory as that version left it. Its keys were thrown away: others take their places. */
function place(t: TestContext, version: string): string {
  const data = mkdtempSync(join(tmpdir(), 'pilothouse-upgrade-'));
  t.after(() => rmSync(data, { recursive: true }));
  const path = join(data, 'pilothouse.db');
  writeFileSync(path, zstdDecompressSync(readFileSync(join(STORES, `${version}.db.zst`))));
  mkdirSync(join(data, 'keys'), { mode: 0o700 });
  const database = new DatabaseSync(path);
  // The columns of the statement.
  const keys = database.prepare('SELECT kid, kind FROM enrolment_key').all() as {
    kid: string;
    kind: string;
  }[];
  for (const { kid, kind } of keys) {
    const pair =
      kind === 'ca' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
    const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(join(data, 'keys', `${kind}-${kid}.pem`), pem, { mode: 0o600 });
    if (kind === 'ca') continue;
    const raw = pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
    database.prepare('UPDATE enrolment_key SET public_text = ? WHERE kid = ?').run(raw, kid);
  }
  database.close();
  return data;
}

/** What a person sees of the installation. */
async function visit(t: TestContext, data: string, store: string) {
  const server = await startServerProcess({
    entry: ENTRY,
    dataDirectory: data,
    listen: '127.0.0.1:0',
    gatewayListen: '127.0.0.1:0',
    advertise: '127.0.0.1',
    environment: { PILOTHOUSE_STORE: store, PILOTHOUSE_LOG_FORMAT: 'json' },
  });
  const { fetch, close } = testFetch();
  t.after(async () => {
    close();
    await server.kill('SIGTERM');
  });
  const port = /API and console: https:\/\/localhost:(\d+)/.exec(server.log())?.[1];
  const options = { baseUrl: `https://127.0.0.1:${port}`, fetch, language: 'en' } as const;
  const { token } = await createClient({ ...options, token: null }).call(sessionRoutes.signIn, {
    body: { name: 'ada', password: 'correct horse battery', tokenName: 'upgraded' },
  });
  const client = createClient({ ...options, token });
  const hosts = (await client.call(hostsRoutes.list, { query: { limit: 10 } })).items;
  const rollouts = (await client.call(rolloutRoutes.list, { query: { limit: 10 } })).items;
  const facts = await client.call(factsRoutes.get, { params: { host: 'sim-00002', fact: 'os' } });
  const of = { params: { rolloutId: rollouts[0]?.id ?? '' } };
  const tasks = (await client.call(resultRoutes.tasks, { ...of, query: { limit: 10 } })).items;
  const plan = await client.call(planRoutes.get, { params: { digest: rollouts[0]?.planDigest ?? '' } });
  const page = { query: { limit: 10 } } as const;
  const standing = [
    ...(await client.call(budgetsRoutes.list, page)).items,
    ...(await client.call(freezesRoutes.list, page)).items,
    ...(await client.call(schedulesRoutes.list, page)).items,
  ].map(({ name }) => name);
  await server.kill('SIGTERM');
  return { hosts, rollouts, facts, tasks, plan, standing };
}

for (const version of versions) {
  for (const engine of ['sqlite', 'postgres'] as const) {
    test(`a store of ${version} opens on ${engine} with everything in it`, async (t) => {
      const data = place(t, version);
      const store = engine === 'sqlite' ? 'sqlite' : cluster.newDatabase();
      if (engine === 'postgres')
        await runStoreCommand(['migrate', '--data', data, '--from', 'sqlite', '--to', store], 'en');

      const planned = await runStoreCommand(['upgrade', '--dry-run', '--data', data, '--store', store], 'en');
      const { hosts, rollouts, facts, tasks, plan, standing } = await visit(t, data, store);
      const left = await runStoreCommand(['upgrade', '--dry-run', '--data', data, '--store', store], 'en');
      const verdict = await verifyAudit(['--data', data, '--store', store], 'en');

      assert.match(planned, /would bring \d+ changes? .* nothing was touched/);
      assert.match(left, /would bring 0 changes/);
      assert.deepEqual(hosts.map(({ name, labels }) => `${name} ${labels['site']}`).sort(), [
        'sim-00001 bj1',
        'sim-00002 bj1',
        'sim-00003 bj1',
      ]);
      // The newest was still waiting when the store was kept: it waits on until its plan expires.
      const [newest, ...ended] = rollouts;
      const isOver = Date.now() > Date.parse(plan.header.expiresAt);
      assert.equal(newest?.state, isOver ? 'expired' : 'running');
      assert.deepEqual([...new Set(ended.map(({ state }) => state))], ['failed']);
      assert.equal(newest?.title, EXPECTED[version]?.title);
      assert.deepEqual(standing, EXPECTED[version]?.standing);
      assert.match(JSON.stringify(facts.body), /"id":"debian"/);
      assert.ok(tasks.length > 0);
      assert.equal(plan.digest, rollouts[0]?.planDigest);
      // The chain holds; its signatures are by a key that was thrown away.
      assert.doesNotMatch(verdict.text, /edited|removed|reordered/);
    });
  }
}

test('a store of a newer version is refused by name and left as it is', async (t) => {
  const newer = kernelMigrations(plugins).map((set) => ({
    ...set,
    migrations: [...set.migrations, { id: '9999-of-the-future', up: async () => undefined }],
  }));
  const data = mkdtempSync(join(tmpdir(), 'pilothouse-newer-'));
  t.after(() => rmSync(data, { recursive: true }));
  const path = join(data, 'pilothouse.db');
  const store = await openStore({ kind: 'sqlite', path });
  await store.migrate(newer);
  await store.close();
  const before = readFileSync(path);

  const options = { entry: ENTRY, dataDirectory: data, listen: '127.0.0.1:0', gatewayListen: '127.0.0.1:0' };
  await assert.rejects(
    startServerProcess({ ...options, advertise: '127.0.0.1' }),
    /ended with 7[\s\S]*STORE_NEWER: [\s\S]*9999-of-the-future/,
  );

  assert.ok(readFileSync(path).equals(before));
});
