import type { Message } from '@pilothouse/contract';

interface Line {
  readonly code: string;
  readonly about?: Message;
}

const line = (code: string, en?: string, zh?: string): Line =>
  en === undefined || zh === undefined ? { code } : { code, about: { en, zh } };

/** All that a plan file can say, once; a test reads it as a file and holds it against the schema of plans. */
const LINES: readonly Line[] = [
  line('title: nginx 1.27 on the web fleet'),
  line(
    'target:',
    'Any of these together; the hosts are fixed when the plan is made',
    '可组合使用；制定计划时即确定主机',
  ),
  line(`  selector: label.role == "web"`),
  line('  groups: [prod/edge]'),
  line('  hosts: [web-17]', 'By name or id', '名称或标识'),
  line('notBefore: 2026-11-21T20:00:00Z', 'Default: now', '默认：立即'),
  line(
    'expiresIn: 7d',
    'Or expiresAt: with a time; what has not started then does not start',
    '或 expiresAt 加时间；届时未开始的不再开始',
  ),
  line('actions:', 'In this order on every host', '在每台主机上依次执行'),
  line('  - action: commands.run'),
  line('    parameters: { argv: [nginx, -t], effect: read }'),
  line('  - action: services.reload'),
  line('    parameters: { unit: nginx.service }'),
  line('  - action: commands.run'),
  line(
    '    when: failed',
    'changed: the one before changed something · failed: one before failed · always',
    'changed：前一操作有更改 · failed：之前有失败 · always：总是',
  ),
  line('    parameters: { argv: [journalctl, -u, nginx, -n, "50"], effect: read }'),
  line('strategy:'),
  line(
    '  waves:',
    'Or { kind: all }, { kind: fixed, hostsPerWave: 10 },',
    '或 { kind: all }、{ kind: fixed, hostsPerWave: 10 }、',
  ),
  line(
    '    kind: staged',
    '{ kind: per-label, label: rack, order: [r7], canary: null }',
    '{ kind: per-label, label: rack, order: [r7], canary: null }',
  ),
  line('    canary: { perBuild: [os, packages] }', 'Or { hosts: 2 }, or null', '或 { hosts: 2 }，或 null'),
  line(
    '    then: [{ percent: 10 }, { hosts: 20 }]',
    'The last repeats until every host has its wave',
    '最后一个重复，直至覆盖所有主机',
  ),
  line('  apart:', 'No wave holds two of one of these', '同一批不会包含其中同组的两台'),
  line('    - { kind: label, label: cluster }'),
  line('    - { kind: group, path: prod/databases }'),
  line('    - { kind: hosts, name: pair, hostIds: [h_000000000000000001, h_000000000000000002] }'),
  line('  inFlightMax: 50', 'Tasks at the same time', '同时执行的任务数'),
  line('  inFlightPerLabel: { label: rack, max: 2 }'),
  line('  failuresMax: 3', 'Halts at the fourth; never more than that', '第四次失败即中止，不会更多'),
  line(
    '  failuresPercentMax: 5',
    'Of all hosts; the smaller of the two holds',
    '占全部主机的比例；取两者较小者',
  ),
  line('  waveFailuresMax: 1'),
  line('  waveFailuresPercentMax: 10'),
  line('  offline: wait', 'wait until it expires, skip, or fail', 'wait 等到过期、skip 跳过、fail 视为失败'),
  line('  taskTimeout: 10m'),
  line('  factsAgeMax: 1d', 'Targets are not decided on older facts', '不依据更旧的事实选择目标'),
  line('  onFailure: rollback', 'Or halt; undoes what was touched', '或 halt；撤销已做的更改'),
  line('  approvalsMin: 2', 'Other people than whoever made it', '须为制定者以外的人'),
  line('  windows:', 'Beside those that stand for the hosts; RFC 5545', '与主机自身的窗口同时生效；RFC 5545'),
  line('    - { rrule: "FREQ=DAILY", timeZone: Europe/Berlin, start: 2026-11-21T22:00:00, duration: 4h }'),
  line('  probes:', 'Before the task, after it, and through the soak', '任务前后及观察期内执行'),
  line(
    '    - { kind: http, name: site, url: "http://127.0.0.1/", statusMin: 200, statusMax: 399, bodyHas: null, isInsecure: false, tries: 5, pause: 2s, timeout: 5s }',
  ),
  line('    - { kind: tcp, name: port, host: 127.0.0.1, port: 443, tries: 3, pause: 2s, timeout: 5s }'),
  line('    - { kind: unit, name: unit, unit: nginx.service, tries: 1, pause: 0s, timeout: 5s }'),
  line(
    '    - { kind: command, name: config, argv: [nginx, -t], exitCode: 0, tries: 1, pause: 0s, timeout: 10s }',
  ),
  line(
    '  gates:',
    'Passed in this order; after: each, or the number of a wave',
    '依次通过；after 为 each 或批次序号',
  ),
  line('    - { kind: probes, name: healthy, after: each, soak: 10m, every: 10s, failingMax: 0 }'),
  line('    - { kind: check, name: no errors, after: each, expression: "wave.failed == 0", soak: 0s }'),
  line(
    '    - kind: compare',
    'Touched against untouched hosts; halts healthy rollouts this rarely',
    '已变更与未变更主机比较；误停正常发布的比率',
  ),
  line('      name: control'),
  line('      after: 2'),
  line(
    '      measures: [{ kind: vital, vital: load1 }, { kind: promql, query: "rate(http_errors_total[5m])", hostLabel: instance, worse: higher }]',
  ),
  line('      falseHaltRate: 0.01'),
  line('      soak: 10m'),
  line('    - { kind: notify, name: tell, after: 1, channel: ops, text: The canaries are well. }'),
  line('    - { kind: confirm, name: go on, after: 1, text: Does the shop still sell? }'),
  line('    - { kind: wait, name: overnight, after: 2, wait: 12h }'),
];

const write = (language: 'en' | 'zh'): string =>
  LINES.map(({ code, about }) => (about === undefined ? code : `${code} # ${about[language]}`)).join('\n') +
  '\n';

export const PLAN_EXAMPLE: Message = { en: write('en'), zh: write('zh') };
