import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, ok } from '@pilothouse/base';
import { defineAction, type Probe } from '@pilothouse/contract';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { z } from 'zod';
import { newEnvelopeKey, payloadOf, sealEnvelope } from '../../test/test-authority.ts';
import type { OutgoingFrame } from '../session/session-frames.ts';
import { createProbeAnswers } from './answer-probes.ts';

const title = { en: 'x', zh: 'x' };
const spec = defineAction({
  name: 'test.run',
  title,
  parameters: z.object({}),
  effect: () => 'read',
  trust: 'typed',
  interrupts: () => 'none',
  locks: () => [],
  timeoutMsMax: 1000,
  undo: { kind: 'none', reason: title },
});
const probe: Probe = {
  name: 'p',
  kind: 'command',
  argv: ['true'],
  exitCode: 0,
  tries: 1,
  pauseMs: 0,
  timeoutMs: 5000,
};
const key = newEnvelopeKey();

function world(kind: 'probe' | 'run' = 'probe') {
  const { strategy } = payloadOf({ spec, parameters: {} }).header;
  const payload = payloadOf({
    spec,
    parameters: {},
    header: { strategy: { ...strategy, probes: [probe] } },
    payload: { kind },
  });
  const clock = fakeClock();
  const said: Extract<OutgoingFrame, { kind: 'probe-result' }>[] = [];
  let isGood = true;
  const answers = createProbeAnswers({
    clock,
    verify: () => (isGood ? ok(payload) : err({ code: 'TASK_SIGNATURE_INVALID', details: {} })),
    send(frame) {
      if (frame.kind === 'probe-result') said.push(frame);
      return true;
    },
  });
  const envelope = sealEnvelope(payload, key);
  return {
    clock,
    said,
    distrust: () => {
      isGood = false;
    },
    ask: (askId: string, taskId = payload.taskId) =>
      answers.ask({ kind: 'probe', generation: 1, taskId, askId, envelope }),
    answerTo: async (askId: string) => {
      for (;;) {
        const answer = said.find((frame) => frame.askId === askId);
        if (answer !== undefined) return answer;
        // A probe is a process of its own, which tells the event loop when it has ended.
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

test('answers with what the probes of the plan say, under the name of the asking', async () => {
  const { ask, answerTo } = world();
  ask('q1');

  const answer = await answerTo('q1');

  assert.equal(answer.refused, null);
  assert.deepEqual(
    answer.results.map(({ name, isPassing }) => [name, isPassing]),
    [['p', true]],
  );
});

test('an envelope of another kind, of another task or of no trusted key is refused and runs nothing', () => {
  const run = world('run');
  run.ask('q1');
  const other = world();
  other.ask('q1', 't_other');
  const distrusted = world();
  distrusted.distrust();
  distrusted.ask('q1');

  assert.equal(run.said[0]?.refused, 'TASK_PLAN_MISMATCH');
  assert.equal(other.said[0]?.refused, 'TASK_PLAN_MISMATCH');
  assert.equal(distrusted.said[0]?.refused, 'TASK_SIGNATURE_INVALID');
});

test('a few at once and so many a minute; a minute later it answers again', async () => {
  const { ask, answerTo, said, clock } = world();
  for (let n = 0; n < 5; n++) ask(`q${n}`);
  assert.deepEqual(
    said.map(({ askId, refused }) => [askId, refused]),
    [['q4', 'TASK_PROBES_TOO_OFTEN']],
  );
  for (let n = 0; n < 4; n++) await answerTo(`q${n}`);

  let answered = 0;
  for (; answered < 100; answered++) {
    ask(`m${answered}`);
    if ((await answerTo(`m${answered}`)).refused !== null) break;
  }
  assert.ok(answered < 100, 'there is a limit');

  clock.advance(61_000);
  ask('later');
  assert.equal((await answerTo('later')).refused, null);
});
