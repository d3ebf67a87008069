import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, NewPlan, Strategy } from '@pilothouse/contract';
import { PLAN_EXAMPLE } from './plan-example.ts';
import { planOfText } from './plan-file.ts';

const NOW = Date.parse('2026-11-21T10:00:00.000Z');
const read = (text: string) =>
  planOfText(text, {
    path: 'plan.yaml',
    now: NOW,
    resolveHost: async (name) => `h_${name.replace(/\D/g, '').padStart(18, '0')}`,
  });
const plain = 'title: t\ntarget: { selector: "true" }\nactions: [{ action: a.b, parameters: {} }]\n';

async function refusal(text: string): Promise<AppError> {
  const error = await read(text).then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof AppError);
  assert.equal(error.code, 'CLI_PLAN_FILE_INVALID');
  return error;
}

test('the example says everything that a strategy can say, alike in both languages', async () => {
  const plan = await read(PLAN_EXAMPLE.en);

  assert.deepEqual(Object.keys(plan.strategy).sort(), Object.keys(Strategy.shape).sort());
  assert.deepEqual(new Set(plan.strategy.gates?.map((gate) => gate.kind)).size, 6);
  assert.deepEqual(new Set(plan.strategy.probes?.map((probe) => probe.kind)).size, 4);
  assert.deepEqual(plan.target.hostIds, ['h_000000000000000017']);
  assert.ok(Strategy.safeParse(plan.strategy).success);
  assert.deepEqual(await read(PLAN_EXAMPLE.zh), plan);
});

test('durations are written as people write them, and parameters of actions are left alone', async () => {
  const plan = await read(
    `title: t\ntarget: { selector: "true" }\nexpiresIn: 2h\nactions: [{ action: a.b, parameters: { timeoutMs: 5s, soak: 1m } }]\nstrategy: { taskTimeout: 90s, waves: { kind: all } }`,
  );

  assert.equal(plan.strategy.taskTimeoutMs, 90_000);
  assert.equal(plan.expiresAt, '2026-11-21T12:00:00.000Z');
  assert.deepEqual(plan.actions[0]?.parameters, { timeoutMs: '5s', soak: '1m' });
});

test('a misspelt key is refused with its place, and never dropped', async () => {
  const misspelt = await refusal(`${plain}strategy: { failureMax: 0 }`);
  const deep = await refusal(`${plain}strategy: { waves: { kind: fixed, hostsPerWave: 1, canary: 1 } }`);

  assert.equal(misspelt.details['where'], 'strategy.failureMax');
  assert.equal(deep.details['where'], 'strategy.waves.canary');
});

test('what is not YAML, and what unfolds, is refused with its line', async () => {
  const broken = await refusal('title: [t\n');
  const bomb = await refusal('a: &a [x, x]\nb: &b [*a, *a]\ntitle: *b\n');

  assert.match(String(broken.details['where']), /^\d+:\d+$/);
  assert.deepEqual(bomb.details['problem'], { en: 'aliases are not read', zh: '不支持别名' });
});

test('JSON is read as it is', async () => {
  const body = {
    title: 't',
    target: { selector: 'true' },
    actions: [{ action: 'a.b', parameters: { date: '2026-11-21', n: 1, no: 'no' } }],
    strategy: { failuresMax: 0 },
  };

  assert.deepEqual(await read(JSON.stringify(body)), NewPlan.parse(body));
});

test('a name that stands twice is refused with its place, also in its two spellings', async () => {
  for (const [text, where] of [
    ['title: a\ntitle: b\n', 'title'],
    ['strategy: { taskTimeout: 1m, taskTimeoutMs: 2m }\n', 'strategy.taskTimeoutMs'],
  ] as const) {
    const error = await planOfText(text, { path: 'p', now: 0, resolveHost: async () => 'h_1' }).catch(
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof AppError);
    assert.equal(error.details['where'], where);
  }
});

test('no file of the largest size takes long to be refused', async () => {
  const size = 8 * 1024 * 1024 - 1;
  const whole = (piece: string): string => piece.repeat(Math.floor(size / piece.length));
  const texts = ['{"a":', '[', '- ', '? ', 'a: [', '!!a ', '&a ', '{? ', '&a\n', '"\\"'].map(whole);
  const keys = Array.from({ length: 10_000 }, (_, n) => `a${n}: b\n`).join('');
  for (const text of [...texts, keys]) {
    const { user } = process.cpuUsage();
    await assert.rejects(planOfText(text, { path: 'p', now: 0, resolveHost: async () => 'h_1' }), AppError);
    const ms = (process.cpuUsage().user - user) / 1_000;
    assert.ok(ms < 1_000, `${ms} ms for ${text.slice(0, 20)}`);
  }
});
