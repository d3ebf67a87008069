import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { systemClock } from '@pilothouse/base';
import {
  actionSchemaDigest,
  defineAction,
  EnrolmentToken,
  type Finding,
  type Host,
  type Rollout,
  type Task,
} from '@pilothouse/contract';
import { z } from 'zod';
import { enrolAt } from './gateway/test/open-test-gateway.ts';
import { connect } from './gateway/test/test-agent.ts';
import { openTestKernel, type TestKernel } from './open-test-kernel.ts';
import { defineServerPlugin, type KernelServices } from './plugins/server-plugin.ts';

const action = defineAction({
  name: 'leaving.work',
  title: { en: 'Work', zh: '工作' },
  parameters: z.object({}),
  effect: () => 'read',
  trust: 'arbitrary',
  interrupts: () => 'none',
  locks: () => [],
  timeoutMsMax: 3_600_000,
  undo: { kind: 'none', reason: { en: 'a test', zh: '测试' } },
});
const finding = {
  kind: 'leaving.trouble',
  severity: 'low',
  title: { en: 'Trouble', zh: '问题' },
  hint: { en: 'None.', zh: '无。' },
  remedy: null,
} as const;

/** A control plane, an administrator, and one host with an open session that is offered one task. */
async function openWorld(t: TestContext) {
  const got = Promise.withResolvers<KernelServices>();
  const plugin = defineServerPlugin({
    spec: {
      id: 'leaving',
      title: { en: 'Leaving', zh: '离开' },
      permissions: {},
      errors: {},
      facts: [],
      actions: [action],
      findings: [finding],
      events: [],
      routes: [],
    },
    uses: {},
    migrations: null,
    start: async (context) => {
      got.resolve(context.kernel);
      return { endpoints: [], reconcilers: [] };
    },
  });
  const kernel = await openTestKernel({ plugins: [plugin] });
  t.after(() => kernel.close());
  const services = await got.promise;
  const api = await signIn(kernel);
  const port = kernel.gatewayListen.port;
  const ca = await authorityOf(port);
  const gateway = { port, ca: () => ca, clock: systemClock };
  const text = Buffer.from((await kernel.newLocalToken()).slice('pht1.'.length), 'base64url').toString(
    'utf8',
  );
  const identity = await enrolAt(gateway, { secret: EnrolmentToken.parse(JSON.parse(text)).secret });
  const agent = await connect(gateway, identity, { actions: { [action.name]: actionSchemaDigest(action) } });
  const run = async (strategy = {}) => {
    const { rollout } = await api<{ rollout: Rollout }>('POST', '/api/v1/runs', {
      title: 'work',
      target: { hostIds: [identity.hostId] },
      actions: [{ action: action.name, parameters: {} }],
      strategy,
    });
    return rollout;
  };
  return { kernel, services, api, gateway, identity, agent, run };
}

test('a host that is decommissioned takes its certificates, findings, tasks and session with it', async (t) => {
  const { services, api, gateway, identity, agent, run } = await openWorld(t);
  const { id } = await run();
  const { taskId, attempt } = await agent.next('offer');
  agent.send({
    kind: 'started',
    generation: agent.generation,
    taskId,
    attempt,
    at: new Date().toISOString(),
  });
  await services.findings.reconcile(finding.kind, identity.hostId, [{ key: '', evidence: {} }]);

  await api('POST', `/api/v1/hosts/${identity.hostId}/decommission`, { reason: 'sold' });
  await agent.closed;

  const refused = await agent.next('refused');
  const ended = await endOf(services, id);
  const tasks = await api<{ items: Task[] }>('GET', `/api/v1/rollouts/${id}/tasks`);
  const findings = await api<{ items: Finding[] }>('GET', '/api/v1/findings?state=resolved');
  assert.equal(refused.code, 'ENROL_CERTIFICATE_REVOKED');
  assert.equal(ended.counts.unknown, 1);
  assert.deepEqual(
    tasks.items.map((task) => task.cause),
    [{ code: 'TASK_HOST_GONE', details: { by: 'ada/cli' } }],
  );
  assert.deepEqual(
    findings.items.map((each) => each.kind),
    [finding.kind],
  );
  await assert.rejects(connect(gateway, identity));
});

test('a host in quarantine is offered nothing: what it was offered is asked back, what waited is skipped', async (t) => {
  const { services, api, identity, agent, run } = await openWorld(t);
  const first = await run();
  const offer = await agent.next('offer');

  await api<Host>('PUT', `/api/v1/hosts/${identity.hostId}/quarantine`, {});
  const withdrawn = await agent.next('withdraw');
  const second = await run();

  const ended = await endOf(services, second.id);
  assert.equal(withdrawn.taskId, offer.taskId);
  assert.equal((await services.rollouts.get(first.id))?.counts.offered, 1);
  assert.equal(ended.counts.skipped, 1);
  assert.equal(agent.frames.filter((frame) => frame.kind === 'offer').length, 1);
});

async function endOf(services: KernelServices, rolloutId: string): Promise<Rollout> {
  for (;;) {
    const rollout = await services.rollouts.get(rolloutId);
    if (rollout !== null && rollout.endedAt !== null) return rollout;
    // The rollouts room takes it in within the next turns of the loop, after the answer to the person.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function signIn(kernel: TestKernel) {
  const code = await kernel.newSetupCode();
  const setup = await kernel.inject({
    method: 'POST',
    url: '/api/v1/setup',
    payload: { code, name: 'ada', password: 'correct horse battery', tokenName: 'cli' },
  });
  const headers = { authorization: `Bearer ${setup.json().token}` };
  return async <Answer>(method: 'GET' | 'POST' | 'PUT', url: string, payload?: object): Promise<Answer> => {
    const answer = await kernel.inject({
      method,
      url,
      headers,
      ...(payload === undefined ? {} : { payload }),
    });
    assert.ok(answer.statusCode < 300, answer.body);
    return answer.json();
  };
}

/** What an agent checks by its pin: the last certificate of the chain that the gateway shows. */
function authorityOf(port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
    let certificate = socket.getPeerCertificate(true);
    while (certificate.issuerCertificate.fingerprint256 !== certificate.fingerprint256)
      certificate = certificate.issuerCertificate;
    resolve(new X509Certificate(certificate.raw).toString());
    socket.destroy();
  });
  socket.once('error', reject);
  return promise;
}
