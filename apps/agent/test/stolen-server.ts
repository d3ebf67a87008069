/**
 * For tests: an enemy who owns the server. It holds the envelope keys, signs what it likes, says what time it likes, and
 * knows everything that people ever sent; the one thing it does not have is their keys.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Authority, EnvelopePayload, JsonObject, PlanHeader, TrustPolicy } from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import type { AgentUnderTest } from './agent-process.ts';
import type { ScriptedGateway, ScriptedSession } from './scripted-gateway.ts';
import { type EnvelopeKeyPair, payloadOf, sealEnvelope } from './test-authority.ts';
import { signPlan, type TestOperator } from './test-operator.ts';

/** What a host says to an offer: how it ended, or the code that it refused with. */
export type Answer = string;

export interface StolenServer {
  /** A payload for a shell command as a plan of its own. */
  plan(shell: string, wish?: Wish): EnvelopePayload;
  /** Offers it under a fresh task id and says what came of it. */
  offer(payload: EnvelopePayload, change?: Partial<EnvelopePayload>): Promise<Answer>;
  probe(payload: EnvelopePayload): Promise<Answer>;
  session: ScriptedSession;
  key: EnvelopeKeyPair;
}

export interface Wish {
  readonly header?: Partial<PlanHeader>;
  readonly parameters?: JsonObject;
  readonly payload?: Partial<EnvelopePayload>;
  readonly nowMs?: number;
}

export function openStolenServer(gateway: ScriptedGateway, session: ScriptedSession): StolenServer {
  let tasks = 0;
  const enemy: StolenServer = {
    session,
    key: gateway.key,
    plan(shell, wish = {}) {
      tasks += 1;
      const parameters = { shell, effect: 'read', ...wish.parameters };
      return payloadOf({
        spec: runCommandAction,
        parameters,
        header: { title: `plan ${tasks}`, ...wish.header },
        ...(wish.payload === undefined ? {} : { payload: wish.payload }),
        ...(wish.nowMs === undefined ? {} : { nowMs: wish.nowMs }),
      });
    },
    async offer(payload, change = {}) {
      tasks += 1;
      // Agents end what bears the id of their task, and two of a test share a machine.
      const taskId = `t_${new URL(gateway.url).port}_${tasks}`;
      const full = { ...payload, taskId, ...change };
      const envelope = sealEnvelope(full, enemy.key);
      const { attempt } = full;
      enemy.session.send({ kind: 'offer', taskId, attempt, envelope, outputCreditBytes: 0 });
      const { outcome } = await enemy.session.next('outcome', (frame) => frame.taskId === taskId);
      enemy.session.send({ kind: 'outcome-saved', taskId, attempt });
      return outcome.kind === 'succeeded' ? 'succeeded' : (outcome.error?.code ?? outcome.kind);
    },
    async probe(payload) {
      tasks += 1;
      const askId = `a_${tasks}`;
      const full = { ...payload, kind: 'probe' as const };
      const envelope = sealEnvelope(full, enemy.key);
      enemy.session.send({ kind: 'probe', taskId: full.taskId, askId, envelope });
      const answer = await enemy.session.next('probe-result', (frame) => frame.askId === askId);
      return answer.refused ?? 'probed';
    },
  };
  return enemy;
}

export const signedBy = (payload: EnvelopePayload, ...people: readonly TestOperator[]): EnvelopePayload => ({
  ...payload,
  authority: { plan: people.map((person) => signPlan(person, payload.planDigest)) },
});

export const withAuthority = (payload: EnvelopePayload, authority: Authority): EnvelopePayload => ({
  ...payload,
  authority,
});

export const writePolicy = (agent: AgentUnderTest, policy: TrustPolicy | string): void =>
  writeFileSync(
    join(agent.directory, 'trust-policy.json'),
    typeof policy === 'string' ? policy : JSON.stringify(policy),
    { mode: 0o600 },
  );
