/** For tests: the real agent as a process of its own, on a host that trusts certain people and not its server. */
import { spawn } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@pilothouse/client';
import {
  enrolmentRoutes,
  HistoryRecord,
  MANDATE_TAG,
  type Mandate,
  type MandateRecord,
  mandateRoutes,
  OPERATOR_KEY_TAG,
  type Operator,
  operatorKeyRoutes,
  type TrustPolicy,
} from '@pilothouse/contract';

const AGENT = join(dirname(fileURLToPath(import.meta.url)), '../../../dist/agent/main.js');
const DAY_MS = 86_400_000;
/** Of a public key in DER all but the last 32 bytes are the same for every Ed25519 key. */
const RAW_KEY_BYTES = 32;

export interface Person {
  readonly operator: Operator;
  /** Writes a mandate, signs it, and brings it to the server. */
  mandate(terms: Pick<Mandate, 'actions' | 'hosts' | 'usesMax' | 'isBreakGlass'>): Promise<MandateRecord>;
}

/** A person's own key, registered with the server under whoever holds the client. */
export async function personWithKey(client: Client, name: string): Promise<Person> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-RAW_KEY_BYTES);
  const notAfter = new Date(Date.now() + DAY_MS).toISOString();
  const operator: Operator = {
    keyId: createHash('sha256').update(raw).digest('hex').slice(0, 16),
    publicKey: raw.toString('base64'),
    name,
    notAfter,
  };
  const { nonce } = await client.call(operatorKeyRoutes.challenge);
  const proof = signText(privateKey, OPERATOR_KEY_TAG + nonce);
  const { publicKey: own } = operator;
  await client.call(operatorKeyRoutes.register, {
    body: { name, publicKey: own, expiresAt: notAfter, nonce, proof },
  });
  return {
    operator,
    async mandate(terms) {
      const written: Mandate = {
        version: 1,
        title: 'test',
        createdBy: name,
        notBefore: new Date().toISOString(),
        expiresAt: notAfter,
        nonce: randomBytes(8).toString('hex'),
        ...terms,
      };
      const text = JSON.stringify(written);
      const signature = { keyId: operator.keyId, value: signText(privateKey, MANDATE_TAG + text) };
      return client.call(mandateRoutes.create, { body: { text, signature } });
    },
  };
}

const signText = (key: KeyObject, text: string): string =>
  sign(null, Buffer.from(text), key).toString('base64');

export interface StrictAgent {
  readonly directory: string;
  /** What the host itself has written down of what it began and refused. */
  history(): Promise<HistoryRecord[]>;
  close(): Promise<void>;
}

/** Enrols this machine, and has it do nothing that one of these people has not signed. */
export async function startStrictAgent(client: Client, people: readonly Person[]): Promise<StrictAgent> {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-strict-agent-'));
  const { token } = await client.call(enrolmentRoutes.createToken, { body: { name: 'strict', usesMax: 1 } });
  const launch = (args: readonly string[]) =>
    spawn(process.execPath, [AGENT, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', PILOTHOUSE_AGENT_DATA: directory },
    });
  const verb = async (...args: string[]): Promise<string> => {
    const child = launch(args);
    let out = '';
    child.stdout.on('data', (piece) => {
      out += piece;
    });
    await once(child, 'close');
    return out;
  };
  await verb('enrol', '--token', token);
  const policy: TrustPolicy = {
    version: 1,
    mode: 'strict',
    operators: people.map(({ operator }) => operator),
    signatures: { read: 1, reversible: 1, disruptive: 1, destructive: 1 },
    allow: [],
    mandates: 'accept',
  };
  writeFileSync(join(directory, 'trust-policy.json'), JSON.stringify(policy), { mode: 0o600 });
  const running = launch(['run']);
  running.stdout.resume();
  return {
    directory,
    async history() {
      const lines = (await verb('history', '--json')).split('\n').filter((line) => line !== '');
      return lines.map((line) => HistoryRecord.parse(JSON.parse(line)));
    },
    async close() {
      running.kill('SIGTERM');
      if (running.exitCode === null && running.signalCode === null) await once(running, 'close');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
