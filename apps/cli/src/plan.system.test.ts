import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { budgetsRoutes, planRoutes, rolloutRoutes } from '@pilothouse/contract';
import { signedInCli } from './signed-in-cli.ts';
import { digest, made, preview, rollout, rolloutId, strategy } from './test-plans.ts';
import { problem } from './test-server.ts';

const cli = signedInCli();
const { run } = cli;

test('a plan is shown whole before it exists: waves, budgets, gates, approvals, undo and how true dry runs were', async () => {
  cli.server.on(planRoutes.sketch, { json: { made, preview } });

  const { out, exit } = await run(
    'plan make --all --canary 1 --soak 10m --probe unit:nginx.service --approvals 2 --dry -- nginx -t'.split(
      ' ',
    ),
  );

  assert.equal(exit, 0);
  const [sent] = cli.server.requests(planRoutes.sketch);
  assert.deepEqual(sent?.body, {
    title: 'nginx -t',
    target: { selector: 'true' },
    actions: [{ action: 'commands.run', parameters: { argv: ['nginx', '-t'], effect: 'disruptive' } }],
    strategy: {
      waves: { kind: 'staged', canary: { hosts: 1 }, then: [{ percent: 100 }] },
      probes: [
        {
          kind: 'unit',
          name: 'unit-1',
          unit: 'nginx.service',
          tries: 5,
          pauseMs: 2000,
          timeoutMs: 5000,
        },
      ],
      gates: [{ ...strategy.gates?.[0] }],
      approvalsMin: 2,
    },
  });
  for (const words of [
    /canary\s+1\s+web-1\s+web \(bj1\) 1\/2\s+probes, confirm/,
    /probes: probes pass through 10m0s, after each wave/,
    /1 of 2 have said yes/,
    /nobody knows what a command did/,
    /freeze year end on web-3; open from 2026-01-02 03:04:05Z/,
    /would mean 4 hosts now; the plan has 3/,
    /right on 39 of 40 hosts \(2 could not be compared\)/,
  ])
    assert.match(out, words);
  assert.equal(cli.server.requests(planRoutes.create).length, 0);
});

test('a plan of a line for a shell, with its effect and its window, is said as a run is', async () => {
  cli.server.on(planRoutes.sketch, { json: { made, preview } });
  const window = 'FREQ=DAILY 2026-01-03T22:00 4h Asia/Shanghai';
  const line = ['plan', 'make', '--all', '--dry', '--shell', 'df -h | tail -1', '--effect', 'read'];

  const { exit } = await run([...line, '--user', 'nobody', '--window', window]);

  assert.equal(exit, 0);
  const [sent] = cli.server.requests(planRoutes.sketch);
  assert.deepEqual(sent?.body, {
    title: 'df -h | tail -1',
    target: { selector: 'true' },
    actions: [
      { action: 'commands.run', parameters: { shell: 'df -h | tail -1', user: 'nobody', effect: 'read' } },
    ],
    strategy: {
      windows: [
        {
          rrule: 'FREQ=DAILY',
          start: '2026-01-03T22:00:00',
          durationMs: 14_400_000,
          timeZone: 'Asia/Shanghai',
        },
      ],
    },
  });
});

test('what would be said for nothing is refused', async () => {
  const make = 'plan make --all --dry';
  const cases: [string, string][] = [
    [`${make} --effect read`, 'CLI_ARGUMENT_MISSING'],
    [`${make} -p unit=a`, 'CLI_ARGUMENT_MISSING'],
    [`${make} --action services.restart --shell ls`, 'CLI_OPTIONS_CONFLICT'],
    [`${make} --action services.restart --effect read`, 'CLI_OPTIONS_CONFLICT'],
    [`${make} --shell ls -- ls`, 'CLI_OPTIONS_CONFLICT'],
    [`${make} --window daily -- ls`, 'CLI_VALUE_INVALID'],
  ];

  for (const [line, code] of cases) {
    const { exit, err } = await run(line.split(' '));
    assert.equal(exit, 2, line);
    assert.match(err, new RegExp(code), line);
  }
});

test('options beside a plan file take its place, and what the file says alone stays', async () => {
  cli.server.on(planRoutes.create, { json: made });
  cli.server.on(planRoutes.preview, { json: preview });
  const path = join(cli.directory, 'plan.yaml');
  await writeFile(
    path,
    'title: t\ntarget: { selector: "true" }\nactions: [{ action: a.b, parameters: {} }]\nstrategy: { failuresMax: 3, offline: skip }\n',
  );

  const { exit } = await run(['plan', 'make', '-f', path, '--offline', 'fail', '--json']);

  assert.equal(exit, 0);
  assert.deepEqual(cli.server.requests(planRoutes.create)[0]?.body, {
    title: 't',
    target: { selector: 'true' },
    actions: [{ action: 'a.b', parameters: {} }],
    strategy: { failuresMax: 3, offline: 'fail' },
  });
});

test('a confirmation reads the gate that waits, and asks its question', async () => {
  cli.server.on(rolloutRoutes.get, { json: rollout });
  cli.server.on(rolloutRoutes.confirm, { json: { ...rollout, waitingFor: null } });

  const { err, exit } = await run(['rollout', 'confirm', rolloutId], { answers: ['y'] });

  assert.equal(exit, 0);
  assert.match(err, /Gate "confirm" after wave 1 asks: Does it sell\? Go on\?/);
  assert.deepEqual(cli.server.requests(rolloutRoutes.confirm)[0]?.body, { gate: 'confirm' });
});

test('a second confirmation is told that nobody is waited for, in the reader’s language', async () => {
  cli.server.on(rolloutRoutes.get, { json: { ...rollout, waitingFor: null } });

  const { err, exit } = await run(['rollout', 'confirm', rolloutId, '--lang', 'zh']);

  assert.notEqual(exit, 0);
  assert.match(err, /当前没有等待人工确认的关卡/);
  assert.doesNotMatch(err, /“-”/);
});

test('two limits of one budget are refused with the choice that there is', async () => {
  cli.server.on(budgetsRoutes.get, problem(404, 'NOT_FOUND'));

  const { err, exit } = await run(['budget', 'set', 'b', '-s', 'true', '--hosts', '1', '--quorum']);

  assert.notEqual(exit, 0);
  assert.match(err, /--hosts, --quorum exclude each other/);
  assert.match(err, /Choose exactly one of --hosts N, --percent N, --quorum/);
});

test('a rollback says in which order and what stays before it is offered', async () => {
  const undo = { ...made.plan, header: { ...made.plan.header, rollbackOf: digest } };
  cli.server.on(rolloutRoutes.get, { json: rollout });
  cli.server.on(rolloutRoutes.rollback, { json: { rollout: null, made: { ...made, plan: undo } } });
  cli.server.on(planRoutes.preview, { json: preview });
  const managed = {
    hostId: 'h_000000000000000001',
    hostName: 'web-1',
    index: 0,
    actions: [
      { action: 'files.manage', parameters: { path: '/etc/motd' }, contents: [], undo: { kind: 'recorded' } },
      { action: 'commands.run', parameters: {}, contents: [], undo: null },
    ],
  };
  cli.server.on(planRoutes.steps, { json: { items: [managed], nextCursor: null } });

  const dry = await run(['rollout', 'rollback', rolloutId, '--dry']);
  const refused = await run(['rollout', 'rollback', rolloutId], { answers: ['n'] });

  assert.match(dry.out, /canary\s+1\n/);
  assert.match(
    dry.out,
    /What is restored on each host that changed it:\n {2}files\.manage \/etc\/motd\n(?! )/,
  );
  assert.match(dry.out, /What stays as it is:\n {2}commands.run: nobody knows/);
  assert.match(refused.err, /Undo "nginx 1.27" on 3 hosts, in 2 waves\?/);
  assert.deepEqual(
    cli.server.requests(rolloutRoutes.rollback).map((seen) => seen.body),
    [{ preview: true }, { preview: true }],
  );
});

test('plans are listed with what became of each, by state, author and action', async () => {
  const item = {
    digest,
    title: 'nginx 1.27',
    state: 'awaiting-approval',
    actions: ['commands.run'],
    hostsCount: 3,
    createdBy: 'ada/cli root@laptop',
    createdAt: made.plan.header.createdAt,
    notBefore: made.plan.header.notBefore,
    expiresAt: made.plan.header.expiresAt,
    approvals: { required: 2, given: 1 },
    rollout: null,
    retryOf: null,
    rollbackOf: null,
  };
  const started = { ...item, state: 'started', approvals: null, rollout: { id: rolloutId, state: 'halted' } };
  cli.server.on(planRoutes.list, { json: { items: [item, started], nextCursor: null } });

  const { out, exit } = await run(
    'plan list --state awaiting-approval --author ada --action commands.run'.split(' '),
  );

  assert.equal(exit, 0);
  assert.match(out, new RegExp(`awaiting approval 1/2 +3 +ada +\\S+ +nginx 1.27 +${digest}`));
  assert.match(out, /started: Halted/);
  const [sent] = cli.server.requests(planRoutes.list);
  assert.deepEqual(sent?.query, {
    limit: 50,
    state: 'awaiting-approval',
    author: 'ada',
    action: 'commands.run',
  });
});

test('hosts are asked to check themselves by checks alone, and a line that is none is refused', async () => {
  cli.server.on(planRoutes.create, { json: made });
  cli.server.on(rolloutRoutes.start, problem(409, 'PLAN_EXPIRED', { expiresAt: 'then' }));

  const refused = await run('probe nonsense --all'.split(' '));
  await run('probe unit:nginx.service self=tcp:127.0.0.1:22 --all --tries 3'.split(' '));

  assert.match(refused.err, /CLI_VALUE_INVALID/);
  const [sent, ...more] = cli.server.requests(planRoutes.create);
  assert.equal(more.length, 0);
  // What the contract lets through is of this shape.
  const body = sent?.body as { actions: unknown; strategy: { failuresMax: null; probes: unknown[] } };
  assert.deepEqual(body.actions, [
    { action: 'commands.run', parameters: { argv: ['true'], effect: 'read' } },
  ]);
  assert.deepEqual(body.strategy.probes, [
    { kind: 'unit', name: 'unit-1', unit: 'nginx.service', tries: 3, pauseMs: 2000, timeoutMs: 5000 },
    { kind: 'tcp', name: 'self', host: '127.0.0.1', port: 22, tries: 3, pauseMs: 2000, timeoutMs: 5000 },
  ]);
  assert.deepEqual(cli.server.requests(rolloutRoutes.start)[0]?.body, { planDigest: digest, kind: 'run' });
});
