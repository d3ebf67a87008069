import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, MINUTE_MS } from '@pilothouse/base';
import { defineFact, type Gate, isAppError, type Vitals } from '@pilothouse/contract';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { z } from 'zod';
import type { OutgoingFrame, SessionListener } from '../gateway/service.ts';
import type { HostEntry } from '../hosts/service.ts';
import { silentLog } from '../log.ts';
import { createSelect } from '../select/index.ts';
import { createGates } from './create-gates.ts';
import type { PromAnswer } from './prometheus.ts';
import type { GateView } from './service.ts';

const services = defineFact({
  name: 'services',
  title: { en: 'services', zh: 'services' },
  body: z.object({ units: z.array(z.object({ name: z.string(), state: z.string() })) }),
  isShared: true,
  sizeBytesMax: bytes.mib(1),
  intervalMs: MINUTE_MS,
});
const bodies = new Map<string, unknown>([
  ['good', { units: [{ name: 'web.service', state: 'active', sub: 'running', enabled: 'enabled' }] }],
  ['bad', { units: [{ name: 'web.service', state: 'failed', sub: 'failed', enabled: 'enabled' }] }],
]);

/** Hosts h0… with a fact that was seen at `seenAt`; the first `touched` have run in wave 0, which ended at 1,000. */
function openWorld(options: { hosts: number; touched: number; answer?: PromAnswer; findings?: string[] }) {
  const clock = fakeClock();
  const hosts = new Map<string, HostEntry>();
  const names = Array.from({ length: options.hosts }, (_, index) => `h${index}`);
  const setFact = (id: string, digest: string, seenAt: number, isOnline = true) =>
    hosts.set(id, {
      id,
      name: id,
      address: `10.0.0.${id.slice(1)}`,
      labels: {},
      groups: [],
      isOnline,
      facts: new Map([['services', { digest, seenAt }]]),
    } as unknown as HostEntry); // the rest of an entry is not read here
  for (const name of names) setFact(name, 'good', 2000);
  const asked: string[] = [];
  let listener: SessionListener = {};
  const facts = { bodyNow: (digest: string) => bodies.get(digest), warm: async () => {} };
  const gates = createGates(
    { clock, log: silentLog },
    {
      hosts: { index: hosts, onChange: () => () => {} },
      facts,
      select: createSelect({ facts, hosts: { index: hosts }, factSpecs: [services] }),
      findings: {
        list: async ({ firstSeenMin = 0 }, { limit, cursor }) => {
          const all = (options.findings ?? []).filter((firstSeen) => Date.parse(firstSeen) >= firstSeenMin);
          const from = Number(cursor ?? 0);
          return {
            // the rest of a finding is not read here
            items: all
              .slice(from, from + limit)
              .map((firstSeen) => ({ firstSeen, kind: 'x', hostId: 'h0' }) as never),
            nextCursor: all.length > from + limit ? String(from + limit) : null,
          };
        },
      },
      gateway: {
        send: (hostId: string, frame: OutgoingFrame) => {
          asked.push(`${hostId} ${frame.kind}`);
          return 'sent';
        },
        listen: (given: SessionListener) => {
          listener = given;
        },
      },
      prometheus: options.answer === undefined ? null : { query: async () => options.answer as PromAnswer },
    },
  );
  const beat = (hostId: string, load1: number) => {
    const vitals: Partial<Vitals> = { load1, memoryUsedRatio: 0, diskUsedRatio: 0 };
    const frame = { kind: 'heartbeat', generation: 1, clock: '', vitals } as never; // as the gateway has parsed it
    listener.frame?.({ hostId } as never, frame);
  };
  const view: GateView = {
    rolloutId: 'r',
    wave: 0,
    wavesCount: 2,
    waveEndedAt: 1000,
    startedAt: 0,
    isSoakOver: true,
    touched: names.slice(0, options.touched).map((hostId) => ({ hostId, state: 'succeeded', wave: 0 })),
    untouched: names.slice(options.touched),
  };
  return { gates, view, setFact, beat, asked, clock };
}

const check = (expression: string): Extract<Gate, { kind: 'check' }> => ({
  kind: 'check',
  name: 'well',
  after: 'each',
  expression,
  soakMs: 0,
});
const compare = (falseHaltRate: number): Extract<Gate, { kind: 'compare' }> => ({
  kind: 'compare',
  name: 'no worse',
  after: 1,
  measures: [{ kind: 'vital', vital: 'load1' }],
  falseHaltRate,
  soakMs: 0,
});
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'none';
  } catch (cause) {
    return isAppError(cause) ? cause.code : String(cause);
  }
};

test('a condition over outcomes and over what touched hosts say of themselves holds or fails with evidence', async () => {
  const { gates, view, setFact } = openWorld({ hosts: 4, touched: 2 });
  const gate = check('wave.failed == 0 && touched("service(\\"web\\").state == \\"active\\"").share >= 1.0');

  assert.equal((await gates.judge(gate, view)).kind, 'holds');
  setFact('h1', 'bad', 2000);
  const verdict = await gates.judge(gate, view);

  assert.equal(verdict.kind, 'fails');
  assert.equal(verdict.reason?.code, 'GATE_FALSE');
  assert.match(JSON.stringify(verdict.evidence), /"unmatchedHosts":\["h1"\]/);
});

test('what a touched host said before it was changed decides nothing: it is asked anew, and the gate holds', async () => {
  const { gates, view, setFact, asked } = openWorld({ hosts: 3, touched: 1 });
  setFact('h0', 'good', 500);

  const verdict = await gates.judge(
    check('touched("service(\\"web\\").state == \\"active\\"").matched == 1'),
    view,
  );

  assert.equal(verdict.kind, 'undetermined');
  assert.equal(verdict.reason?.code, 'GATE_FACTS_OLD');
  assert.deepEqual(asked, ['h0 collect']);
});

test('canaries that are worse than the rest halt at the end of the soak, and not before', async () => {
  const { gates, view, beat, clock } = openWorld({ hosts: 13, touched: 3 });
  clock.advance(2000);
  for (const id of [...view.untouched]) beat(id, Number(id.slice(1)) / 10);
  for (const { hostId } of view.touched) beat(hostId, 9);

  assert.equal((await gates.judge(compare(0.01), { ...view, isSoakOver: false })).kind, 'holds');
  const verdict = await gates.judge(compare(0.01), view);

  assert.equal(verdict.kind, 'fails');
  assert.equal(verdict.reason?.code, 'GATE_WORSE');
  assert.equal(verdict.reason?.details['touchedMedian'], 9);
});

test('too few hosts to tell a difference from chance leave a comparison undetermined', async () => {
  const { gates, view, beat, clock } = openWorld({ hosts: 10, touched: 1 });
  clock.advance(2000);
  for (let host = 0; host < 10; host++) beat(`h${host}`, 1);

  const verdict = await gates.judge(compare(0.05), view);

  assert.equal(verdict.kind, 'undetermined');
  assert.equal(verdict.reason?.code, 'GATE_TOO_FEW_HOSTS');
});

test('a touched host that sends nothing any more holds the gate', async () => {
  const { gates, view, beat, clock } = openWorld({ hosts: 30, touched: 2 });
  clock.advance(2000);
  for (const id of ['h0', ...view.untouched]) beat(id, 1);

  assert.equal((await gates.judge(compare(0.05), view)).reason?.code, 'GATE_NO_SAMPLES');
  assert.equal((await gates.judge(check('vital("load1").touchedMax < 2.0'), view)).kind, 'undetermined');
});

test('a touched host that died in the soak holds the gate, whatever it had said before', async () => {
  const { gates, view, beat, setFact, clock } = openWorld({ hosts: 30, touched: 2 });
  const isActive = check('touched("service(\\"web\\").state == \\"active\\"").share == 1.0');
  const isCalm = check('vital("load1").touchedMax < 2.0');
  clock.advance(2000);
  for (const id of ['h0', 'h1', ...view.untouched]) beat(id, 1);
  for (const gate of [isActive, isCalm, compare(0.05)])
    assert.equal((await gates.judge(gate, view)).kind, 'holds');

  clock.advance(5 * MINUTE_MS + 1000);
  for (const id of ['h0', ...view.untouched]) beat(id, 1);
  setFact('h1', 'good', 2000, false);

  assert.equal((await gates.judge(isCalm, view)).reason?.code, 'GATE_NO_SAMPLES');
  assert.equal((await gates.judge(compare(0.05), view)).reason?.code, 'GATE_NO_SAMPLES');
  assert.equal((await gates.judge(isActive, view)).reason?.code, 'GATE_FACTS_OLD');
});

test('findings count from the start of the rollout', async () => {
  const before = new Date(0).toISOString();
  const { gates, view } = openWorld({
    hosts: 2,
    touched: 1,
    findings: [before, new Date(5000).toISOString()],
  });

  assert.equal(
    (await gates.judge(check('findings("high") == 0'), { ...view, startedAt: 1000 })).kind,
    'fails',
  );
  assert.equal(
    (await gates.judge(check('findings("high") == 1'), { ...view, startedAt: 1000 })).kind,
    'holds',
  );
});

test('thousands of findings of long ago hide none that came since the start', async () => {
  const { gates, view } = openWorld({
    hosts: 2,
    touched: 1,
    findings: [...Array<string>(20_000).fill(new Date(0).toISOString()), new Date(5000).toISOString()],
  });

  const judged = await gates.judge(check('findings("high") == 0'), { ...view, startedAt: 1000 });

  assert.equal(judged.kind, 'fails');
});

test('a query without exactly one number is undetermined, as is an engine that does not answer', async () => {
  const answers: [PromAnswer, string][] = [
    [{ kind: 'samples', samples: [] }, 'GATE_QUERY_EMPTY'],
    [{ kind: 'samples', samples: [{ labels: {}, value: Number.NaN }] }, 'GATE_QUERY_EMPTY'],
    [{ kind: 'samples', samples: [1, 2].map((value) => ({ labels: {}, value })) }, 'GATE_QUERY_MANY'],
    [{ kind: 'unreachable', problem: { en: 'refused', zh: '拒绝' } }, 'GATE_PROMETHEUS_UNREACHABLE'],
  ];
  for (const [answer, code] of answers) {
    const { gates, view } = openWorld({ hosts: 2, touched: 1, answer });
    const verdict = await gates.judge(check('prom("up") > 0.0'), view);

    assert.equal(verdict.kind, 'undetermined');
    assert.equal(verdict.reason?.code, code);
  }
});

test('series are matched to hosts by name or address, and lower can be the worse', async () => {
  const samples = Array.from({ length: 20 }, (_, host) => ({
    labels: { instance: host % 2 === 0 ? `h${host}:9100` : `10.0.0.${host}:9100` },
    value: host < 3 ? 0.1 : 0.99,
  }));
  const { gates, view } = openWorld({ hosts: 20, touched: 3, answer: { kind: 'samples', samples } });
  const measure = { kind: 'promql', query: 'availability', hostLabel: 'instance', worse: 'lower' } as const;

  const verdict = await gates.judge({ ...compare(0.01), measures: [measure] }, view);

  assert.equal(verdict.reason?.code, 'GATE_WORSE');
  assert.equal(verdict.reason?.details['measure'], 'availability');
});

test('a gate that cannot be right is refused when the plan is made', async () => {
  const { gates } = openWorld({ hosts: 1, touched: 1 });
  const cases: [string, string][] = [
    ['tasks.faild == 0', 'GATE_INVALID'],
    ['tasks.failed', 'GATE_INVALID'],
    ['vital("load2").touchedMax < 1.0', 'GATE_INVALID'],
    ['findings("awful") == 0', 'GATE_INVALID'],
    ['touched("os.nme == 1").share == 1.0', 'SELECTOR_INVALID'],
    ['prom("u" + "p") > 0.0', 'GATE_INVALID'],
    ['"aaaa".matches("^(a+)+$")', 'GATE_INVALID'],
    ['prom("up") > 0.0', 'GATE_PROMETHEUS_MISSING'],
    ['tasks.failed == 0', 'none'],
  ];
  for (const [expression, code] of cases)
    assert.equal(await codeOf(gates.check([check(expression)])), code, expression);
});

test('whoever writes a name that gates do not know is told one that they do', async () => {
  const { gates } = openWorld({ hosts: 1, touched: 1 });
  const suggested = async (expression: string) => {
    const error = await gates.check([check(expression)]).then(
      () => null,
      (reason: unknown) => reason,
    );
    return isAppError(error) ? error.details['suggestion'] : null;
  };

  assert.equal(await suggested('tasks.faild == 0'), 'failed?');
  assert.match(String(await suggested('wave.loda1 < 3')), /wave\.failed · .*vital\("load1"\)/);
});

test('a query that Prometheus refuses or knows nothing of is named before the rollout starts', async () => {
  const refused = openWorld({
    hosts: 1,
    touched: 1,
    answer: { kind: 'refused', problem: { en: 'parse error', zh: '解析错误' } },
  });
  const unknown = openWorld({ hosts: 1, touched: 1, answer: { kind: 'samples', samples: [] } });

  assert.equal(await codeOf(refused.gates.check([check('prom("up{") > 0.0')])), 'GATE_QUERY_INVALID');
  assert.equal(await codeOf(unknown.gates.check([check('prom("uup") > 0.0')])), 'GATE_METRIC_UNKNOWN');
});

test('a division by zero is undetermined, not a crash', async () => {
  const { gates, view } = openWorld({ hosts: 1, touched: 1 });

  const verdict = await gates.judge(check('1 / tasks.failed == 1'), view);

  assert.equal(verdict.reason?.code, 'GATE_CANNOT_EVALUATE');
});
