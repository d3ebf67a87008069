/** For tests: the room over a real store, with plans that stand in memory and people who sign with keys of their own. */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { TestContext } from 'node:test';
import {
  type Actor,
  defineAction,
  type EffectClass,
  MANDATE_TAG,
  OPERATOR_KEY_TAG,
  type OperatorKey,
  PLAN_SIGNATURE_TAG,
  type PlanHeader,
  planDigest,
  rootOf,
  type StepAction,
  toTimestamp,
} from '@pilothouse/contract';
import { z } from 'zod';
import type { Principal } from '../access/service.ts';
import type { NewAuditRecord } from '../audit/service.ts';
import type { NewEvent } from '../events/service.ts';
import type { HostEntry } from '../hosts/service.ts';
import type { Endpoint, HttpRequest } from '../http/service.ts';
import { openTestContext, recordingEvents } from '../open-test-context.ts';
import { treeOverTexts } from '../plans/fast-tree.ts';
import { type LoadedPlan, loadedPlan, type PlanContent, stepTexts } from '../plans/loaded-plan.ts';
import { createAuthority } from './create-authority.ts';
import { authorityMigrations } from './migrations.ts';
import { keyIdOf } from './verify-signature.ts';

const effects: EffectClass[] = ['read', 'reversible', 'disruptive', 'destructive'];
const spec = defineAction({
  name: 'services.restart',
  title: { en: 'Restart', zh: '重启服务' },
  parameters: z.object({ unit: z.string(), effect: z.enum(effects).default('disruptive') }),
  effect: ({ effect }) => effect,
  trust: 'typed',
  interrupts: () => 'service',
  locks: () => [],
  timeoutMsMax: 60_000,
  undo: { kind: 'none', reason: { en: 'a test', zh: '测试' } },
});
const shell = defineAction({ ...spec, name: 'commands.run', trust: 'arbitrary' });

export const hostIdOf = (n: number): string => `h_${String(n).padStart(18, '0')}`;

/** Holds everything on the hosts that `hosts` says; through a token, as command lines do. */
export function personCalled(name: string, hosts: (id: string) => boolean = () => true): Principal {
  const actor: Actor = { kind: 'token', id: `k_${name}`, name: `${name}/laptop` };
  const scope = { isAll: false, isNone: false, includes: (host: { id: string }) => hosts(host.id) };
  return { actor, person: { id: `u_${name}`, name }, has: () => false, scope: () => scope };
}

export interface TestKey {
  readonly id: string;
  readonly publicKey: string;
  readonly privateKey: KeyObject;
  sign(text: string): { keyId: string; value: string };
}

export function newKey(): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
  const id = keyIdOf(raw);
  return {
    id,
    publicKey: raw,
    privateKey,
    sign: (text) => ({ keyId: id, value: sign(null, Buffer.from(text), privateKey).toString('base64') }),
  };
}

export const signPlanWith = (key: TestKey, digest: string) => key.sign(PLAN_SIGNATURE_TAG + digest);
export const signMandateWith = (key: TestKey, text: string) => key.sign(MANDATE_TAG + text);

export async function openTestAuthority(t: TestContext) {
  const context = await openTestContext([authorityMigrations]);
  t.after(() => context.store.close());
  const plans = new Map<string, LoadedPlan>();
  const audits: NewAuditRecord[] = [];
  const events: NewEvent[] = [];
  /** What people may do now, where it is not everything. */
  const rights = new Map<string, Principal | null>();
  const hosts = [0, 1].map((n) => ({ id: hostIdOf(n), name: `web-${n}` }));
  // Scopes of these tests look at the id alone.
  const index = new Map(hosts.map((host) => [host.id, host as unknown as HostEntry])); // The room reads no more of it.
  const room = createAuthority(context, {
    hosts: { index, onChange: () => () => {} },
    principalOf: async ({ userId, userName }) => {
      const now = rights.get(userId);
      return now === undefined ? personCalled(userName) : now;
    },
    audit: { append: async (_, records) => void audits.push(...records) },
    events: recordingEvents(events),
    actions: new Map([spec, shell].map((each) => [each.name, each])),
    plans: () => ({
      load: async (digest) => plans.get(digest) ?? null,
      isSeenBy: (principal, plan) =>
        plan.hosts.some(({ id }) => principal.scope('rollouts.read').includes(index.get(id) as HostEntry)),
      requireStart: () => {},
    }),
  });
  const call = callerOf(room.endpoints);
  return {
    ...room,
    ...context,
    audits,
    events,
    call,
    /** From now on `name` holds everything on those hosts alone; null: the account is gone. */
    limit(name: string, hostsHeld: ((id: string) => boolean) | null): void {
      rights.set(`u_${name}`, hostsHeld === null ? null : personCalled(name, hostsHeld));
      room.authority.rightsChanged();
    },
    /** A plan on the hosts, made by `ada` with a token. */
    plan(header: Partial<PlanHeader> = {}, action: Partial<StepAction> = {}): string {
      const made = planOn(hosts, context.clock.now(), header, action);
      plans.set(made.plan.digest, made);
      return made.plan.digest;
    },
    planOf: (digest: string) => plans.get(digest)?.plan ?? { digest, header: {} as PlanHeader },
    async register(person: Principal, key: TestKey, name = 'laptop'): Promise<OperatorKey> {
      const { nonce } = await call<{ nonce: string }>('operator-keys.challenge', person);
      const proof = key.sign(OPERATOR_KEY_TAG + nonce).value;
      const expiresAt = toTimestamp(context.clock.now() + 30 * 86_400_000);
      const body = { name, publicKey: key.publicKey, expiresAt, nonce, proof };
      return call('operator-keys.register', person, { body });
    },
  };
}

/** Asks a route of the room as HTTP does: what comes and goes is parsed by the route's schemas. */
const callerOf =
  (endpoints: readonly Endpoint[]) =>
  async <Answer>(
    routeId: string,
    principal: Principal,
    input: { params?: unknown; query?: unknown; body?: unknown; ifMatch?: string } = {},
  ): Promise<Answer> => {
    const found = endpoints.find(({ route }) => route.id === routeId);
    if (found === undefined) throw new Error(`no route ${routeId}`);
    const { route, handle } = found;
    const request = {
      principal,
      requestId: 'q_1',
      ifMatch: input.ifMatch ?? null,
      params: route.params?.parse(input.params ?? {}),
      query: route.query?.parse(input.query ?? {}),
      body: route.body?.parse(input.body ?? {}),
    };
    const answer = await handle(request as unknown as HttpRequest); // Handlers of this room read no more.
    route.response?.parse(answer);
    return answer as Answer; // The test names the shape it expects.
  };

function planOn(
  hosts: PlanContent['hosts'],
  nowMs: number,
  header: Partial<PlanHeader>,
  action: Partial<StepAction>,
): LoadedPlan {
  const parameters = { unit: 'nginx.service', effect: 'disruptive' };
  const step = { action: spec.name, parameters, contents: [], undo: null, ...action };
  const target = { selector: 'true' };
  const content = {
    hosts,
    actionLists: [[step]],
    listOf: hosts.map(() => 0),
    waveOf: null,
    target,
    permissions: null,
  };
  const tree = treeOverTexts(stepTexts(content));
  const full: PlanHeader = {
    version: 1,
    title: 'restart nginx',
    createdBy: 'ada/laptop',
    createdAt: toTimestamp(nowMs),
    notBefore: toTimestamp(nowMs),
    expiresAt: toTimestamp(nowMs + 3_600_000),
    target,
    strategy: {
      waves: { kind: 'all' },
      inFlightMax: 10,
      failuresMax: 0,
      offline: 'wait',
      taskTimeoutMs: 60_000,
      factsAgeMaxMs: null,
    },
    actionSchemas: {},
    stepsRoot: rootOf(tree),
    stepsCount: hosts.length,
    retryOf: null,
    ...header,
  };
  return loadedPlan({ digest: planDigest(full), header: full }, content, tree);
}
