/** Against Debian's own ssh-agent, and against one that means harm. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { identitiesOf, signatureOf, sshAgentSigners } from './ssh-agent.ts';

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
let directory: string;
let agent: ChildProcess;
const socket = (): string => join(directory, 'agent.sock');

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ssh-agent-'));
  agent = spawn('ssh-agent', ['-D', '-a', socket()], { stdio: ['ignore', 'pipe', 'ignore'] });
  // It says where it listens once it does.
  await once(agent.stdout ?? agent, 'data');
  for (const [kind, name] of [
    ['ed25519', 'mine'],
    ['ecdsa', 'other'],
  ] as const) {
    execFileSync('ssh-keygen', ['-q', '-t', kind, '-N', '', '-C', name, '-f', join(directory, name)]);
    execFileSync('ssh-add', ['-q', join(directory, name)], {
      env: { ...process.env, SSH_AUTH_SOCK: socket() },
      stdio: 'ignore',
    });
  }
});
after(async () => {
  agent.kill();
  await once(agent, 'exit');
  await rm(directory, { recursive: true });
});

test('an ed25519 key of the agent signs what a host verifies; others are passed over', async () => {
  const signers = await sshAgentSigners(socket());

  const [signer] = signers;
  assert.ok(signer);
  assert.deepEqual(
    signers.map(({ name, place }) => [name, place]),
    [['mine', 'ssh-agent']],
  );
  const value = Buffer.from(await signer.sign('pilothouse.plan-signature.v1\nabc'), 'base64');
  const key = Buffer.concat([SPKI_PREFIX, Buffer.from(signer.publicKey, 'base64')]);
  const spki = createPublicKey({ key, format: 'der', type: 'spki' });
  assert.ok(verify(null, Buffer.from('pilothouse.plan-signature.v1\nabc'), spki, value));
});

test('a key that was taken out of the agent since does not sign', async () => {
  const [signer] = await sshAgentSigners(socket());
  const env = { ...process.env, SSH_AUTH_SOCK: socket() };
  execFileSync('ssh-add', ['-q', '-d', join(directory, 'mine.pub')], { env, stdio: 'ignore' });

  await assert.rejects(signer?.sign('x') ?? Promise.resolve(), { code: 'CLI_SSH_AGENT_UNUSABLE' });
});

test('no agent, a dead one and one that lies are said to be so', async () => {
  const answers = [Buffer.alloc(0), Buffer.from([0, 0, 0, 1, 5]), Buffer.from([0xff, 0xff, 0xff, 0xff])];
  for (const answer of answers) {
    const path = join(directory, 'liar.sock');
    const server = createServer((peer) => {
      peer.on('error', () => {});
      peer.resume();
      peer.end(answer);
    });
    server.listen(path);
    await once(server, 'listening');
    await assert.rejects(sshAgentSigners(path), { code: 'CLI_SSH_AGENT_UNUSABLE' });
    server.close();
    await once(server, 'close');
  }
  await assert.rejects(sshAgentSigners(undefined), { code: 'CLI_SSH_AGENT_UNUSABLE' });
  await assert.rejects(sshAgentSigners(join(directory, 'gone')), { code: 'CLI_SSH_AGENT_UNUSABLE' });
});

test('any bytes of an agent are read or refused, never more', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(12, 14), (bytes, kind) => {
      const answer = Buffer.from([kind, ...bytes]);
      for (const read of [identitiesOf, signatureOf]) {
        try {
          read(answer);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'CLI_SSH_AGENT_UNUSABLE');
        }
      }
    }),
  );
});
