import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ServerProcess, startServerProcess } from '@pilothouse/testkit';
import type { DoctorFinding } from './finding.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
/** Another one than the API's: it is looked for where it listens. */
const GATEWAY_ADDRESS = '127.0.0.2';
const directory = mkdtempSync(join(tmpdir(), 'pilothouse-doctor-'));
let ports: { api: number; gateway: number };
let server: ServerProcess;

/** Two ports that were free a moment ago. */
async function freePorts(): Promise<{ api: number; gateway: number }> {
  const listeners = [createServer(), createServer()];
  for (const listener of listeners) await once(listener.listen(0, '127.0.0.1'), 'listening');
  const [api = 0, gateway = 0] = listeners.map((listener) => (listener.address() as AddressInfo).port); // TCP
  for (const listener of listeners) listener.close();
  return { api, gateway };
}

interface Ended {
  readonly code: number | string;
  readonly text: string;
}

const run = (...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const env = {
      ...process.env,
      PILOTHOUSE_DATA: directory,
      PILOTHOUSE_LISTEN: `127.0.0.1:${ports.api}`,
      PILOTHOUSE_GATEWAY_LISTEN: `${GATEWAY_ADDRESS}:${ports.gateway}`,
      PILOTHOUSE_LANG: 'en',
      PILOTHOUSE_OIDC_ISSUER: 'https://sso.example',
      PILOTHOUSE_OIDC_CLIENT_ID: 'us',
      PILOTHOUSE_OIDC_CLIENT_SECRET: 'very-secret-word',
    };
    execFile(process.execPath, [MAIN, ...args], { env }, (error, stdout) => {
      resolve({ code: error?.code ?? 0, text: stdout });
    });
  });

async function examine(): Promise<{ code: number | string; byCode: Map<string, DoctorFinding> }> {
  const { code, text } = await run('doctor', '--json');
  const { findings }: { findings: DoctorFinding[] } = JSON.parse(text);
  return { code, byCode: new Map(findings.map((finding) => [finding.code, finding])) };
}

before(async () => {
  ports = await freePorts();
  server = await startServerProcess({
    entry: MAIN,
    dataDirectory: directory,
    listen: `127.0.0.1:${ports.api}`,
    gatewayListen: `${GATEWAY_ADDRESS}:${ports.gateway}`,
    advertise: '127.0.0.1',
  });
});

after(async () => {
  await server.kill('SIGTERM');
  rmSync(directory, { recursive: true });
});

test('beside a running server all is well, and nothing secret is in what goes out', async () => {
  const { code, byCode } = await examine();

  assert.equal(code, 0);
  for (const name of ['dataDirectory', 'keys', 'store', 'listening', 'certificate'])
    assert.equal(byCode.get(name)?.state, 'ok', name);
  assert.equal(byCode.get('notListening'), undefined);

  const bundle = await run('support-bundle');
  const { store, settings } = JSON.parse(bundle.text);
  assert.equal(store.access_user, 0);
  assert.equal(settings.hasOidc, true);
  assert.doesNotMatch(bundle.text, /very-secret-word|sso\.example|BEGIN/);
});

test('keys that others can read are a problem, with the way to mend it', async () => {
  const [name = ''] = readdirSync(join(directory, 'keys'));
  const path = join(directory, 'keys', name);
  chmodSync(path, 0o644);

  const { code, byCode } = await examine();
  const { text } = await run('doctor');
  chmodSync(path, 0o600);

  assert.equal(code, 1);
  assert.deepEqual(byCode.get('keysOpen')?.details, { path, mode: '644' });
  assert.match(text, /chmod go= /);
});

test('a server that is down and a store that is damaged are told apart', async () => {
  await server.kill('SIGTERM');
  const down = await examine();
  assert.equal(down.code, 0);
  assert.equal(down.byCode.get('notListening')?.state, 'warning');
  assert.equal(down.byCode.get('store')?.state, 'ok');

  writeFileSync(join(directory, 'pilothouse.db'), 'no database at all'.repeat(1000));
  const damaged = await examine();
  assert.equal(damaged.code, 1);
  assert.equal(damaged.byCode.get('storeFailed')?.details['code'], 'STORE_CORRUPT');
});
