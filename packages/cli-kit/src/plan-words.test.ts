import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Language, type Message, type Probe, renderMessage, type Waves } from '@pilothouse/contract';
import { actionText, probeText, targetText, wavesText } from './plan-words.ts';

const speaker = (language: Language) => ({
  say: (message: Message, parameters: Record<string, unknown> = {}) =>
    renderMessage(message, language, parameters),
});
const both = (show: (context: ReturnType<typeof speaker>) => string): string[] => [
  show(speaker('en')),
  show(speaker('zh')),
];

test('whom a plan means is said in words', () => {
  assert.deepEqual(
    both((context) => targetText(context, { selector: 'true' })),
    ['every host', '所有主机'],
  );
  assert.deepEqual(
    both((context) => targetText(context, { selector: 'label.a == "b"', groups: ['bj1'], hostIds: ['h_1'] })),
    ['label.a == "b", group bj1, 1 host by name', 'label.a == "b"，分组 bj1，指定的 1 台主机'],
  );
  const header = { hosts: { count: 12, digest: 'f'.repeat(64) } };
  assert.equal(targetText(speaker('en'), header), '12 hosts by name');
});

test('how it goes in waves is said in words', () => {
  const cases: [Waves, string, string][] = [
    [{ kind: 'all' }, 'all hosts at once', '所有主机同时'],
    [{ kind: 'fixed', hostsPerWave: 2 }, '2 hosts at a time', '每批 2 台'],
    [
      { kind: 'staged', canary: { hosts: 1 }, then: [{ percent: 25 }, { hosts: 5 }] },
      '1 host first, 25%, 5 hosts',
      '先 1 台，25%，5 台',
    ],
    [
      { kind: 'per-label', canary: { perBuild: ['os', 'packages'] }, label: 'site', order: ['bj1'] },
      'one host of each build by os, packages first, one wave for each value of site, bj1 first',
      '先在每种构建（os, packages）的一台上，标签 site 的每个值一批，bj1 在前',
    ],
  ];
  for (const [waves, ...said] of cases)
    assert.deepEqual(
      both((context) => wavesText(context, waves)),
      said,
    );
});

test('what hosts check of themselves is said in words', () => {
  const common = { name: 'shop', tries: 3, pauseMs: 1000, timeoutMs: 5000 };
  const probe: Probe = {
    ...common,
    kind: 'http',
    url: 'http://localhost/health',
    statusMin: 200,
    statusMax: 299,
    bodyHas: null,
    isInsecure: false,
  };
  assert.equal(
    probeText(speaker('en'), probe),
    'shop: http://localhost/health answers 200 to 299 (3 tries of 5 s)',
  );
  assert.equal(
    probeText(speaker('zh'), { ...common, kind: 'unit', unit: 'nginx.service' }),
    'shop：nginx.service 处于活动状态（最多 3 次，每次 5 秒）',
  );
});

test('an action is named with what it is about', () => {
  assert.equal(
    actionText({ action: 'files.manage', parameters: { path: '/etc/motd' } }),
    'files.manage /etc/motd',
  );
  assert.equal(actionText({ action: 'host.reboot', parameters: { reason: 'x' } }), 'host.reboot');
});
