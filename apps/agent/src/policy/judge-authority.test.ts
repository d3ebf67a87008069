import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentPlugin } from '@pilothouse/agent-kit';
import {
  type ActionSpec,
  type Authority,
  defineAction,
  type EffectClass,
  type EnvelopePayload,
  type JsonObject,
  type Probe,
  type TrustPolicy,
  undoAction,
} from '@pilothouse/contract';
import fc from 'fast-check';
import { z } from 'zod';
import { payloadOf, signWith } from '../../test/test-authority.ts';
import { mandateText, newOperator, signMandate, signPlan, strictPolicy } from '../../test/test-operator.ts';
import { createActionRegistry } from '../tasks/action-registry.ts';
import { type AuthorityJudge, judgeAuthority } from './judge-authority.ts';

const effects: EffectClass[] = ['read', 'reversible', 'disruptive', 'destructive'];
const typed = defineAction({
  name: 'services.set',
  title: { en: 'Set', zh: '设置' },
  parameters: z.object({ unit: z.string(), effect: z.enum(effects).default('disruptive') }),
  effect: ({ effect }) => effect,
  trust: 'typed',
  interrupts: () => 'none',
  locks: () => [],
  timeoutMsMax: 60_000,
  undo: { kind: 'none', reason: { en: 'a test', zh: '测试' } },
});
const shell = defineAction({ ...typed, name: 'commands.run', trust: 'arbitrary' });
const actionOf = (spec: ActionSpec) => ({ spec, available: () => null });
// Only its actions' specs are looked at.
const plugin = { actions: [typed, shell, undoAction].map(actionOf) } as unknown as AgentPlugin; // Only its actions are looked at.
const registry = createActionRegistry([plugin], { isRoot: true });

const NOW = Date.UTC(2026, 0, 1);
const ada = newOperator('ada', { groups: ['dba'] });
const ben = newOperator('ben');
const stranger = newOperator('eve');
const unit: JsonObject = { unit: 'nginx.service' };
const probe: Probe = {
  kind: 'tcp',
  name: 'port',
  tries: 1,
  pauseMs: 0,
  timeoutMs: 1000,
  host: '127.0.0.1',
  port: 80,
};

const judgeOf = (
  changes: Partial<AuthorityJudge> = {},
  policy: Partial<TrustPolicy> = {},
): AuthorityJudge => ({
  policy: strictPolicy([ada, ben], policy),
  registry,
  earliestMs: NOW,
  latestMs: NOW,
  hasBegun: () => false,
  ranPlan: () => null,
  wasUndone: () => false,
  usesOf: () => 0,
  ...changes,
});

const plan = (
  parameters: JsonObject = unit,
  more: { spec?: ActionSpec; payload?: Partial<EnvelopePayload>; probes?: Probe[] } = {},
): EnvelopePayload => {
  const { spec = typed, payload = {}, probes } = more;
  const header = payloadOf({ spec, parameters, nowMs: NOW }).header;
  const strategy = probes === undefined ? header.strategy : { ...header.strategy, probes };
  return payloadOf({ spec, parameters, nowMs: NOW, payload, header: { strategy } });
};
const signed = (payload: EnvelopePayload, ...people: (typeof ada)[]): EnvelopePayload => ({
  ...payload,
  authority: { plan: people.map((person) => signPlan(person, payload.planDigest)) },
});
const verdictOf = (payload: EnvelopePayload, judge = judgeOf()): string => {
  const verdict = judgeAuthority(payload, judge);
  return verdict.ok ? verdict.value.by : verdict.error.code;
};

test('as many distinct people as the effect asks for, by this agent’s own knowledge of it', () => {
  const destroys = plan({ ...unit, effect: 'destructive' });

  assert.equal(verdictOf(plan()), 'TASK_NOT_SIGNED');
  assert.equal(verdictOf(signed(plan(), ada)), 'plan');
  assert.equal(verdictOf(signed(plan(), stranger)), 'TASK_NOT_SIGNED');
  assert.equal(verdictOf(signed(destroys, ada)), 'TASK_NOT_SIGNED');
  assert.equal(verdictOf(signed(destroys, ada, ada)), 'TASK_NOT_SIGNED');
  assert.equal(verdictOf(signed(destroys, ada, ben)), 'plan');
});

test('code counts as destructive, as an action and as a probe, whatever it says of itself', () => {
  const command: Probe = { ...probe, kind: 'command', argv: ['true'], exitCode: 0 } as Probe;
  const reads = { ...unit, effect: 'read' };

  for (const payload of [
    plan(reads, { spec: shell }),
    plan(reads, { probes: [command] }),
    plan(reads, { spec: shell, payload: { kind: 'dry-run' } }),
    plan(reads, { probes: [command], payload: { kind: 'dry-run' } }),
    plan(reads, { probes: [command], payload: { kind: 'probe' } }),
  ]) {
    assert.equal(verdictOf(signed(payload, ada)), 'TASK_NOT_SIGNED');
    assert.equal(verdictOf(signed(payload, ada, ben)), 'plan');
  }
});

test('two keys of one person are one, and a group can be asked for', () => {
  const adaToo = newOperator('ada');
  const policy = {
    operators: [ada, ben, adaToo].map(({ operator }) => operator),
    signatures: {
      read: 0,
      reversible: 1,
      disruptive: { count: 1, ofGroups: { dba: 1 } },
      destructive: 2,
    },
  };
  const destroys = plan({ ...unit, effect: 'destructive' });

  assert.equal(verdictOf(signed(destroys, ada, adaToo), judgeOf({}, policy)), 'TASK_NOT_SIGNED');
  assert.equal(verdictOf(signed(plan(), ben), judgeOf({}, policy)), 'TASK_NOT_SIGNED');
  assert.equal(verdictOf(signed(plan(), ada), judgeOf({}, policy)), 'plan');
  assert.equal(verdictOf(plan({ ...unit, effect: 'read' }), judgeOf({}, policy)), 'policy');
});

test('a signature over something else, another plan or with another tag is none', () => {
  const payload = plan();
  const other = plan({ unit: 'sshd.service' });
  const by = (value: { keyId: string; value: string }): Authority => ({ plan: [value] });
  const wrong: Authority[] = [
    by(signPlan(ada, other.planDigest)),
    by(signMandate(ada, payload.planDigest)),
    by(signWith(ada.key, 'pilothouse.envelope.v1\n', payload.planDigest)),
    by(signWith(ada.key, '', payload.planDigest)),
    by({ ...signPlan(ada, payload.planDigest), keyId: ben.operator.keyId }),
    by({ keyId: ada.operator.keyId, value: 'AAAA' }),
  ];

  for (const authority of wrong) assert.equal(verdictOf({ ...payload, authority }), 'TASK_NOT_SIGNED');
});

test('an expired key counts for nothing, by whichever clock is later', () => {
  const late = newOperator('ada', { notAfter: '2026-01-01T00:00:00.500Z' });
  const policy = { operators: [late.operator, ben.operator] };
  const payload = signed(plan(), late);

  assert.equal(verdictOf(payload, judgeOf({}, policy)), 'plan');
  assert.equal(verdictOf(payload, judgeOf({ latestMs: NOW + 501 }, policy)), 'TASK_NOT_SIGNED');
});

test('a signature is good for one beginning, whatever the attempt; dry runs are not beginnings', () => {
  const begun = judgeOf({ hasBegun: () => true });

  assert.equal(
    verdictOf(signed(plan(unit, { payload: { attempt: 7 } }), ada), begun),
    'TASK_AGAIN_NOT_SIGNED',
  );
  assert.equal(verdictOf(signed(plan(unit, { payload: { kind: 'dry-run' } }), ada), begun), 'plan');
  assert.equal(verdictOf(signed(plan(unit, { payload: { kind: 'probe' } }), ada), begun), 'plan');
});

test('the plan’s window is judged by the host’s own clock, too', () => {
  const payload = signed(plan(), ada);
  const HOUR_MS = 3_600_000;

  assert.equal(verdictOf(payload, judgeOf({ latestMs: NOW + HOUR_MS + 300_001 })), 'TASK_OUTSIDE_WINDOW');
  assert.equal(verdictOf(payload, judgeOf({ earliestMs: NOW - HOUR_MS - 300_001 })), 'TASK_OUTSIDE_WINDOW');
});

test('what this host itself allows needs nobody, but no probe comes with it', () => {
  const allow = [{ action: 'services.set', parameters: { unit: { pattern: 'nginx*.service' } } }];

  assert.equal(verdictOf(plan(), judgeOf({}, { allow })), 'policy');
  assert.equal(verdictOf(plan({ unit: 'sshd.service' }), judgeOf({}, { allow })), 'TASK_NOT_SIGNED');
  assert.equal(verdictOf(plan({ ...unit, effect: 'read' }), judgeOf({}, { allow })), 'TASK_NOT_SIGNED');
  assert.equal(verdictOf(plan(unit, { probes: [probe] }), judgeOf({}, { allow })), 'TASK_NOT_SIGNED');
});

test('an undo is covered by the signatures of the plan that ran here, once, with the probes of that plan', () => {
  const undone = 'a'.repeat(64);
  const undo = (more: Parameters<typeof plan>[1] = {}) =>
    plan({ planDigest: undone }, { spec: undoAction, ...more });
  const ran = (by: 'plan' | 'mandate' | 'policy' | 'server' | 'undo') =>
    judgeOf({
      ranPlan: (digest) => (digest === undone ? { granted: { by, keys: [ada.operator.keyId] } } : null),
    });

  assert.equal(verdictOf(undo()), 'TASK_UNDO_NOT_COVERED');
  assert.equal(verdictOf(undo(), ran('plan')), 'undo');
  assert.equal(verdictOf(undo(), ran('mandate')), 'undo');
  assert.equal(verdictOf(undo(), ran('server')), 'TASK_UNDO_NOT_COVERED');
  assert.equal(verdictOf(undo(), ran('undo')), 'TASK_UNDO_NOT_COVERED');
  assert.equal(verdictOf(undo({ probes: [probe] }), ran('plan')), 'TASK_UNDO_NOT_COVERED');
  const again = { ...ran('plan'), wasUndone: () => true };
  assert.equal(verdictOf(undo(), again), 'TASK_AGAIN_NOT_SIGNED');
  assert.equal(verdictOf(signed(undo(), ada), again), 'plan');
  assert.equal(verdictOf(signed(undo(), ada), judgeOf()), 'plan');
});

const allowed = { action: 'services.set', parameters: { unit: { equals: 'nginx.service' } } };
const under = (payload: EnvelopePayload, text: string, ...people: (typeof ada)[]): EnvelopePayload => ({
  ...payload,
  authority: { mandate: { text, signatures: people.map((person) => signMandate(person, text)) } },
});

test('a mandate allows what it says, on the hosts it names, as often and as long as it says', () => {
  const text = mandateText({ actions: [allowed] }, NOW);
  const refused = 'TASK_MANDATE_REFUSED';
  const day = (n: number) => NOW + n * 86_400_000;

  assert.equal(verdictOf(under(plan(), text, ada)), 'mandate');
  assert.equal(verdictOf(under(plan({ unit: 'sshd.service' }), text, ada)), refused);
  assert.equal(verdictOf(under(plan({ ...unit, effect: 'destructive' }), text, ada, ben)), refused);
  assert.equal(verdictOf(under(plan(unit, { spec: shell }), text, ada, ben)), refused);
  assert.equal(verdictOf(under(plan(unit, { probes: [probe] }), text, ada)), refused);
  assert.equal(verdictOf(under(plan(), text)), refused);
  assert.equal(verdictOf(under(plan(), text, stranger)), refused);
  assert.equal(verdictOf(under(plan(), text, ada), judgeOf({}, { mandates: 'refuse' })), refused);
  assert.equal(verdictOf(under(plan(), text, ada), judgeOf({ usesOf: () => 2 })), 'TASK_MANDATE_USED_UP');
  const elsewhere = mandateText(
    { actions: [allowed], hosts: { kind: 'ids', ids: ['h_000000000000000002'] } },
    NOW,
  );
  assert.equal(verdictOf(under(plan(), elsewhere, ada)), refused);
  assert.equal(verdictOf(under(plan(), mandateText({ actions: [allowed] }, day(1)), ada)), refused);
  assert.equal(verdictOf(under(plan(), mandateText({ actions: [allowed] }, day(-1)), ada)), refused);
});

test('no character of a mandate’s text can be changed under its signature', () => {
  const text = mandateText({ actions: [allowed] }, NOW);
  const signatures = [signMandate(ada, text)];
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(...Array.from('0123456789abc"{}[], ')), (place, character) => {
      const at = place % text.length;
      if (text[at] === character) return;
      const changed = text.slice(0, at) + character + text.slice(at + 1);
      const payload = { ...plan(), authority: { mandate: { text: changed, signatures } } };

      assert.equal(verdictOf(payload), 'TASK_MANDATE_REFUSED');
    }),
    { numRuns: 300 },
  );
});

test('in default mode the server’s key is enough', () => {
  assert.equal(verdictOf(plan(), judgeOf({}, { mode: 'default' })), 'server');
});
