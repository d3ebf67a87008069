import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentPlugin } from '@pilothouse/agent-kit';
import { defineAction, type Envelope, type EnvelopePayload } from '@pilothouse/contract';
import fc from 'fast-check';
import { z } from 'zod';
import { HOST_ID, newEnvelopeKey, payloadOf, sealEnvelope, sealTogether } from '../../test/test-authority.ts';
import { createActionRegistry } from './action-registry.ts';
import { type EnvelopeJudge, verifyEnvelope } from './verify-envelope.ts';

const spec = defineAction({
  name: 'test.echo',
  title: { en: 'Echo', zh: '回显' },
  parameters: z.object({ text: z.string() }),
  effect: () => 'read',
  trust: 'typed',
  interrupts: () => 'none',
  locks: () => [],
  timeoutMsMax: 60_000,
  undo: { kind: 'none', reason: { en: 'reads', zh: '只读' } },
});
const action = {
  spec,
  available: () => null,
  run: async () => ({ kind: 'succeeded' as const }),
  dryRun: async () => ({ kind: 'succeeded' as const }),
};
// Only its actions are looked at.
const plugin = { collectors: [], actions: [action] } as unknown as AgentPlugin;
const registry = createActionRegistry([plugin], { isRoot: true });
const key = newEnvelopeKey();
const NOW = Date.UTC(2026, 0, 1);
const wish = { spec, parameters: { text: 'hello' }, nowMs: NOW };
const judgeOf = (changes: Partial<EnvelopeJudge> = {}): EnvelopeJudge => ({
  hostId: HOST_ID,
  trustedKeys: [{ id: key.id, raw: key.raw }],
  registry,
  isHeld: false,
  kinds: ['run', 'dry-run'],
  serverNowMs: NOW,
  skewMs: 0,
  hasRun: () => false,
  ...changes,
});
const codeOf = (envelope: Envelope, changes: Partial<EnvelopeJudge> = {}): string => {
  const verified = verifyEnvelope(envelope, judgeOf(changes));
  return verified.ok ? 'ok' : verified.error.code;
};
const sealed = (payload: Partial<EnvelopePayload> = {}) => sealEnvelope(payloadOf({ ...wish, payload }), key);

test('a genuine envelope for this host is taken', () => {
  assert.equal(codeOf(sealed()), 'ok');
});

test('an envelope that was signed together with others is taken, in its own place alone', () => {
  const payload = payloadOf(wish);
  const others = ['b', 'c', 'd', 'e'].map((taskId) => ({ ...payload, taskId }));
  const [first, second] = sealTogether([payload, ...others], key);
  assert.ok(first?.batch && second?.batch);
  const { batch } = first;

  assert.equal(codeOf(first), 'ok');
  for (const wrong of [
    { ...first, batch: second.batch },
    { ...first, payload: second.payload },
    { ...first, batch: { ...batch, count: batch.count + 1 } },
    { ...first, batch: { ...batch, index: batch.count } },
    { ...first, batch: { ...batch, proof: [...batch.proof, ...batch.proof] } },
    { payload: first.payload, signatures: first.signatures },
    { ...sealed(), batch: { index: 0, count: 1, proof: [] } },
  ])
    assert.equal(codeOf(wrong), 'TASK_SIGNATURE_INVALID');
});

test('no single character of payload, key id or signature can be changed', () => {
  const envelope = sealed();
  const [signature] = envelope.signatures;
  assert.ok(signature);
  const parts = [envelope.payload, signature.keyId, signature.value];
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 }),
      fc.nat(),
      fc.constantFrom(...Array.from('0123456789abcdefABCDEF=+/ "{}\u0000')),
      (part, place, character) => {
        const text = parts[part] ?? '';
        const at = place % text.length;
        if (text[at] === character) return;
        const changed = [...parts];
        changed[part] = text.slice(0, at) + character + text.slice(at + 1);
        const [payload = '', keyId = '', value = ''] = changed;

        assert.equal(codeOf({ payload, signatures: [{ keyId, value }] }), 'TASK_SIGNATURE_INVALID');
      },
    ),
    { numRuns: 1000 },
  );
});

test('signed by a trusted key, each field that binds it is still judged', () => {
  const other = payloadOf({ ...wish, header: { title: 'another plan' } });
  const cases: [string, Partial<EnvelopePayload>][] = [
    ['TASK_PLAN_MISMATCH', { planDigest: other.planDigest }],
    ['TASK_PLAN_MISMATCH', { header: other.header }],
    ['TASK_PLAN_MISMATCH', { stepIndex: 2 }],
    ['TASK_PLAN_MISMATCH', { proof: [] }],
    ['TASK_PLAN_MISMATCH', { kind: 'probe' }],
    ['TASK_PLAN_MISMATCH', { step: { ...payloadOf(wish).step, hostId: 'h_000000000000000002' } }],
    ['TASK_PLAN_MISMATCH', { step: payloadOf({ ...wish, parameters: { text: 'other' } }).step }],
    ['TASK_OUTSIDE_WINDOW', { notBefore: '2026-01-01T00:00:01.000Z' }],
    ['TASK_OUTSIDE_WINDOW', { notAfter: '2025-12-31T23:59:59.000Z' }],
    ['TASK_OUTSIDE_WINDOW', { serverTime: '2027-01-01T00:00:00.000Z' }],
  ];
  for (const [code, change] of cases) assert.equal(codeOf(sealed(change)), code, JSON.stringify(change));
});

test('what stands on this host is judged: its id, hold, clock, ledger, keys, time', () => {
  const cases: [string, Partial<EnvelopeJudge>][] = [
    ['TASK_WRONG_HOST', { hostId: 'h_000000000000000009' }],
    ['TASK_HOST_HELD', { isHeld: true }],
    ['TASK_CLOCK_WRONG', { skewMs: 5 * 60_000 + 1 }],
    ['TASK_CLOCK_WRONG', { skewMs: -5 * 60_000 - 1 }],
    ['TASK_ALREADY_RAN', { hasRun: () => true }],
    ['TASK_SIGNATURE_INVALID', { trustedKeys: [{ ...newEnvelopeKey() }] }],
    ['TASK_OUTSIDE_WINDOW', { serverNowMs: NOW + 86_400_000 }],
    ['TASK_ACTION_UNKNOWN', { registry: createActionRegistry([], { isRoot: true }) }],
  ];
  for (const [code, change] of cases) assert.equal(codeOf(sealed(), change), code);
});

test('a window beyond the plan is no window', () => {
  const stretched = payloadOf({
    ...wish,
    header: { expiresAt: '2025-12-31T23:00:00.000Z' },
    payload: { notAfter: '2026-06-01T00:00:00.000Z' },
  });

  assert.equal(codeOf(sealEnvelope(stretched, key)), 'TASK_OUTSIDE_WINDOW');
});

test('another schema of the action, or parameters it would not take, are refused', () => {
  const schemas = payloadOf({ ...wish, header: { actionSchemas: { 'test.echo': 'a'.repeat(64) } } });

  assert.equal(codeOf(sealEnvelope(schemas, key)), 'TASK_ACTION_CHANGED');
  assert.equal(
    codeOf(sealEnvelope(payloadOf({ ...wish, parameters: { text: 7 } }), key)),
    'TASK_PARAMETERS_INVALID',
  );
});

test('what does not fit is told in both languages, for whoever reads it', () => {
  const verified = verifyEnvelope(sealEnvelope(payloadOf({ ...wish, parameters: {} }), key), judgeOf({}));

  assert.deepEqual(verified.ok ? null : verified.error.details['problem'], {
    en: 'text: text is missing',
    zh: 'text: 缺少 text',
  });
});

test('a plan with a field that this agent does not know is still the plan that was signed', () => {
  const header = { ...payloadOf(wish).header, newerField: 'x' };

  assert.equal(codeOf(sealEnvelope(payloadOf({ ...wish, header }), key)), 'ok');
});

test('a plan that is nested beyond all reason is none, whoever signed it', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 'x' : [nested(depth - 1)]);
  const codeAt = (depth: number) => {
    const header = { ...payloadOf(wish).header, newerField: nested(depth) };
    return codeOf(sealEnvelope(payloadOf({ ...wish, header }), key));
  };

  assert.equal(codeAt(50), 'ok');
  assert.equal(codeAt(100), 'TASK_PLAN_MISMATCH');
});

test('any text is judged without a crash', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (payload, value) => {
      assert.equal(codeOf({ payload, signatures: [{ keyId: key.id, value }] }), 'TASK_SIGNATURE_INVALID');
    }),
  );
});
