import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  hostsRoutes,
  planRoutes,
  resultRoutes,
  rolloutRoutes,
  selectRoutes,
  stopRoutes,
} from '@pilothouse/contract';
import { scriptsGet, scriptsPlan } from '@pilothouse/plugin-commands/contract';
import { signedInCli } from './signed-in-cli.ts';
import { TEST_NOW } from './test-cli.ts';
import { preview } from './test-plans.ts';
import { problem, serverEvents } from './test-server.ts';

const cli = signedInCli();
const { run } = cli;

const at = new Date(TEST_NOW).toISOString();
const rolloutId = 'r_0k3v9d2qa7m8f4q7xz';
const digest = 'd'.repeat(64);
const hostId = 'h_000000000000000001';
const strategy = {
  waves: { kind: 'all' },
  inFlightMax: 100,
  failuresMax: null,
  offline: 'wait',
  taskTimeoutMs: 60_000,
  factsAgeMaxMs: null,
};
const header = {
  version: 1,
  title: 'uptime',
  createdBy: 'ada',
  createdAt: at,
  notBefore: at,
  expiresAt: at,
  target: { selector: 'true' },
  strategy,
  actionSchemas: {},
  stepsRoot: digest,
  stepsCount: 3,
  retryOf: null,
};
const made = {
  plan: { digest, header },
  hostsCount: 3,
  undeterminedCount: 1,
  undetermined: [],
  lackingCount: 0,
  lacking: [],
};
const none = {
  pending: 0,
  offered: 0,
  running: 0,
  succeeded: 0,
  failed: 0,
  unknown: 0,
  skipped: 0,
  cancelled: 0,
  expired: 0,
};
const rollout = (state: string, counts: object) => ({
  id: rolloutId,
  planDigest: digest,
  kind: 'run',
  title: 'uptime',
  state,
  cause: {
    code: state === 'halted' ? 'ROLLOUT_FAILURE_LIMIT' : 'ROLLOUT_DONE',
    details: { failures: 2, failuresMax: 1, succeeded: 3 },
    by: null,
  },
  waitingFor: null,
  counts: { ...none, ...counts },
  wave: 0,
  wavesCount: 1,
  strategy,
  target: { selector: 'true' },
  createdBy: 'ada',
  createdAt: at,
  startedAt: at,
  endedAt: new Date(TEST_NOW + 2500).toISOString(),
  expiresAt: at,
  retryOf: null,
  rollbackOf: null,
  rolledBackBy: null,
  etag: '1',
});
const group = (change: object) => ({
  state: 'succeeded',
  exitCode: 0,
  error: null,
  outputDigest: digest,
  hostsCount: 2,
  hostNames: ['web-1', 'web-2'],
  preview: { stdout: 'up 3 days\n', stderr: '', cutBytes: 0, hiddenChars: 0 },
  ...change,
});
const failed = group({
  state: 'failed',
  exitCode: 127,
  error: { code: 'COMMANDS_NOT_FOUND', details: { program: 'uptiem' } },
  hostsCount: 1,
  hostNames: ['web-3'],
  preview: { stdout: '', stderr: 'oops \u001b[31mred\n', cutBytes: 0, hiddenChars: 0 },
});

function script(end: ReturnType<typeof rollout>, ...groups: unknown[]): void {
  cli.server.on(planRoutes.create, { json: made });
  cli.server.on(planRoutes.preview, { json: preview });
  cli.server.on(planRoutes.steps, {
    json: {
      items: [
        {
          hostId,
          actions: [{ action: 'commands.run', parameters: {}, contents: [], undo: null }],
          index: 0,
          hostName: 'web-1',
        },
      ],
      nextCursor: null,
    },
  });
  const started = rollout('running', { pending: 3 });
  cli.server.on(rolloutRoutes.start, { json: started });
  cli.server.on(rolloutRoutes.watch, {
    stream: serverEvents({ kind: 'rollout', ...{ rollout: started } }, { kind: 'end', ...{ rollout: end } }),
  });
  cli.server.on(resultRoutes.groups, { json: { items: groups, nextCursor: null } });
}

test('runs a command: counts, asks, starts exactly the plan it showed, prints grouped results and the id', async () => {
  script(rollout('succeeded', { succeeded: 2, failed: 1 }), group({}), failed);

  const { exit, out, err } = await run(['run', '-s', 'label.role == "web"', '--', 'uptime', '-p'], {
    answers: ['y'],
  });

  assert.equal(exit, 1);
  assert.match(err, /left out because the selector cannot be decided for them: 1/);
  assert.match(err, /Run "uptime" on 3 hosts \(web-1, …\)\? It counts as disruptive\. \[y\/N\]/);
  assert.equal(
    out,
    [
      '[1] 2 hosts succeeded: web-1, web-2',
      '    up 3 days',
      '[2] 1 host failed, exit code 127: web-3',
      '    There is no command uptiem on the host (COMMANDS_NOT_FOUND)',
      '    Check the spelling and that its package is installed. A line with pipes, quotes or variables is for a shell: use --shell.',
      '    oops ‹1b›[31mred',
      `Done: 2 succeeded, 1 failed, 0 other, of 3 hosts in 2.5 s · ${rolloutId}`,
      '',
    ].join('\n'),
  );
  const plan = cli.server.requests(planRoutes.create)[0]?.body as {
    actions: unknown;
    target: unknown;
    strategy: unknown;
  };
  assert.deepEqual(plan.target, { selector: 'label.role == "web"' });
  assert.deepEqual(plan.actions, [
    { action: 'commands.run', parameters: { argv: ['uptime', '-p'], effect: 'disruptive' } },
  ]);
  assert.deepEqual(cli.server.requests(rolloutRoutes.start)[0]?.body, { planDigest: digest, kind: 'run' });
});

test('asks nothing for what only reads, nor for a dry run, nor with --yes', async () => {
  script(rollout('succeeded', { succeeded: 3 }), group({ hostsCount: 3 }));
  const target = ['run', '--all'];

  const codes = [
    await run([...target, '--effect', 'read', '--', 'uptime']),
    await run([...target, '--dry-run', '--', 'reboot']),
    await run([...target, '--yes', '--', 'reboot']),
    await run([...target, '--', 'reboot']),
  ].map(({ exit }) => exit);

  assert.deepEqual(codes, [0, 0, 0, 2]);
  assert.deepEqual(
    cli.server.requests(rolloutRoutes.start).map((seen) => (seen.body as { kind: string }).kind),
    ['run', 'dry-run', 'run'],
  );
});

test('reaches no host when none was named or the person says no', async () => {
  script(rollout('succeeded', {}));

  const unnamed = await run(['run', '--', 'uptime']);
  const empty = await run(['run', '--all']);
  const no = await run(['run', '--all', '--', 'uptime'], { answers: ['n'] });

  assert.deepEqual([unnamed.exit, empty.exit, no.exit], [2, 2, 6]);
  assert.match(unnamed.err, /CLI_NEEDS_TARGET/);
  assert.equal(cli.server.requests(rolloutRoutes.start).length, 0);
});

test('turns host names into ids, and passes on a name that two hosts share', async () => {
  script(rollout('succeeded', { succeeded: 3 }));
  cli.server.on(hostsRoutes.get, problem(409, 'HOST_NAME_AMBIGUOUS'));

  const { exit, err } = await run(['run', '--host', 'web-1', '--yes', '--', 'uptime']);

  assert.equal(exit, 3);
  assert.match(err, /HOST_NAME_AMBIGUOUS/);
  assert.equal(cli.server.requests(planRoutes.create).length, 0);
});

test('says why a rollout halted and exits with 6', async () => {
  script(rollout('halted', { succeeded: 1, failed: 2 }), failed);

  const { exit, out, err } = await run(['run', '--all', '-y', '--', 'uptime']);

  assert.equal(exit, 6);
  assert.match(out, /^Halted: 1 succeeded, 2 failed/m);
  assert.match(err, /Halted: 2 failures, 1 allowed/);
});

test('gives a program the rollout and its groups as one JSON value', async () => {
  script(rollout('succeeded', { succeeded: 3 }), group({ hostsCount: 3 }));

  const { out } = await run(['run', '--all', '-y', '--json', '--', 'uptime']);

  const answer = JSON.parse(out);
  assert.equal(answer.rollout.id, rolloutId);
  assert.equal(answer.groups[0].hostsCount, 3);
});

test('shows the output of a single host as it comes', async () => {
  const end = rollout('succeeded', { succeeded: 1 });
  script(end, group({ hostsCount: 1, hostNames: ['web-1'] }));
  const started = rollout('running', { pending: 1 });
  cli.server.on(rolloutRoutes.start, { json: started });
  const output = {
    kind: 'output',
    taskId: 't',
    hostName: 'web-1',
    offsetBytes: 0,
    chunks: [{ stream: 'stdout', text: 'up 3 days\n' }],
  };
  cli.server.on(rolloutRoutes.watch, { stream: serverEvents(output, { kind: 'end', ...{ rollout: end } }) });

  const { out } = await run(['run', '--all', '-y', '--', 'uptime']);

  assert.match(out, /^up 3 days\n\[1\] 1 host succeeded: web-1\nDone:/);
  assert.deepEqual(cli.server.requests(rolloutRoutes.watch)[0]?.query, { output: true, tasks: false });
});

test('says what a rollout waits for, once', async () => {
  const end = rollout('succeeded', { succeeded: 3 });
  script(end, group({ hostsCount: 3 }));
  const since = at;
  const held = {
    ...rollout('running', { pending: 3 }),
    waitingFor: { code: 'WAITS_FOR_STOP_CLEARED', details: { hosts: 3 }, since },
  };
  const stream = serverEvents(
    { kind: 'rollout', ...{ rollout: held } },
    { kind: 'rollout', ...{ rollout: held } },
    { kind: 'end', ...{ rollout: end } },
  );
  cli.server.on(rolloutRoutes.watch, { stream });

  const { err } = await run(['run', '--all', '-y', '--', 'uptime']);

  assert.equal(
    err.match(/An emergency stop covers 3 hosts. Clear it with: pilothouse stop clear/g)?.length,
    1,
  );
});

test('picks the watch up again after a broken connection', async () => {
  const end = rollout('succeeded', { succeeded: 3 });
  script(end, group({ hostsCount: 3 }));
  const [first = ''] = serverEvents({ kind: 'rollout', ...{ rollout: rollout('running', { running: 3 }) } });
  cli.server.on(rolloutRoutes.watch, [
    { stream: [first] },
    { stream: serverEvents({ kind: 'end', ...{ rollout: end } }) },
  ]);

  const { exit } = await run(['run', '--all', '-y', '--', 'uptime']);

  assert.equal(exit, 0);
  assert.equal(cli.server.requests(rolloutRoutes.watch)[1]?.headers['last-event-id'], '1');
});

test('lets go at Ctrl-C and says how to watch and how to end the rollout', async () => {
  script(rollout('succeeded', { succeeded: 3 }));
  const interrupt = new AbortController();
  cli.server.on(rolloutRoutes.watch, {
    stream: (async function* () {
      yield ': beat\n\n';
      interrupt.abort();
      await new Promise(() => {});
    })(),
  });

  const { exit, err } = await run(['run', '--all', '-y', '--', 'uptime'], { signal: interrupt.signal });

  assert.equal(exit, 130);
  assert.match(
    err,
    new RegExp(`pilothouse rollout watch ${rolloutId} · end it: pilothouse rollout cancel ${rolloutId}`),
  );
  assert.equal(cli.server.requests(rolloutRoutes.cancel).length, 0);
});

test('stops everything, with one question', async () => {
  const stop = {
    id: 'st_1',
    selector: null,
    scopeHostsCount: null,
    endRunning: true,
    reason: '',
    createdBy: 'ada',
    createdAt: at,
  };
  cli.server.on(selectRoutes.check, { json: { matched: 8, undetermined: 0, total: 8, names: [] } });
  cli.server.on(stopRoutes.create, { json: { stop, tasksCount: 5 } });

  const { exit, err } = await run(['stop', '--all', '--end-running'], { answers: ['yes'] });

  assert.equal(exit, 0);
  assert.match(err, /Stop everything on 8 hosts\?/);
  assert.match(err, /pilothouse stop clear st_1/);
});

test('runs a script of the library with its parameters', async () => {
  script(rollout('succeeded', { succeeded: 3 }), group({ hostsCount: 3 }));
  const version = {
    script: 'head',
    version: 2,
    state: 'published',
    textDigest: digest,
    createdBy: 'ada',
    createdAt: at,
    publishedBy: 'bob',
    publishedAt: at,
    etag: '1',
    description: '',
    interpreter: 'sh',
    text: 'head "$1"',
    parameters: [],
    effect: 'read',
    user: null,
    directory: null,
  };
  const head = {
    name: 'head',
    description: '',
    effect: 'read',
    latestVersion: 2,
    publishedVersion: 2,
    createdAt: at,
    updatedAt: at,
  };
  cli.server.on(scriptsGet, { json: { ...head, versions: [version] } });
  cli.server.on(scriptsPlan, { json: { plan: made.plan, undeterminedCount: 0, lacking: [] } });

  const line = ['script', 'run', 'head', '-g', 'bj1/web', '-p', 'file=/etc/a=b'];
  const { exit } = await run(line);

  assert.equal(exit, 0);
  const body = cli.server.requests(scriptsPlan)[0]?.body as { parameters: unknown; target: unknown };
  assert.deepEqual(body.parameters, { file: '/etc/a=b' });
  assert.deepEqual(body.target, { groups: ['bj1/web'] });

  const dry = await run([...line, '--dry-run']);

  assert.equal(dry.exit, 0);
  assert.match(dry.err, /Closed now by the freeze year end on web-3; open from/);
  const asked = cli.server.requests(scriptsPlan).map(({ body }) => body as { isDryRunOnly?: boolean });
  assert.deepEqual(
    asked.map(({ isDryRunOnly }) => isDryRunOnly),
    [undefined, true],
  );
});
