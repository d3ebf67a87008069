import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  auditRoutes,
  enrolmentRoutes,
  findingsRoutes,
  hostsRoutes,
  sessionRoutes,
  systemRoutes,
} from '@pilothouse/contract';
import { signedInCli } from './signed-in-cli.ts';
import { runTestCli, TEST_NOW } from './test-cli.ts';
import { problem } from './test-server.ts';

const cli = signedInCli();
const { run } = cli;

const at = new Date(TEST_NOW - 3 * 3_600_000).toISOString();
const host = (name: string, change: object = {}) => ({
  id: 'h_000000000000000001',
  name,
  state: 'active',
  presence: { kind: 'online', since: at },
  maintenance: null,
  quarantine: null,
  labels: { role: 'web' },
  groups: [],
  address: '10.0.0.1',
  agentVersion: '0.1.0',
  arch: 'x64',
  os: { id: 'debian', versionId: '12', prettyName: 'Debian GNU/Linux 12' },
  bootId: null,
  firstSeen: at,
  lastSeen: at,
  vitals: null,
  etag: '1',
  ...change,
});
const user = {
  id: 'u_1',
  name: 'ada',
  kind: 'local',
  roles: ['administrator'],
  isDisabled: false,
  createdAt: at,
  lastSignInAt: null,
  etag: '1',
};
const me = { actor: { kind: 'user', id: 'u_1', name: 'ada' }, user, roles: [], permissions: [] };
const page = (...items: unknown[]) => ({
  json: { items, nextCursor: null, total: items.length, undetermined: 0 },
});

test('prints hosts as a table for people and as the API has them for programs', async () => {
  cli.server.on(
    hostsRoutes.list,
    page(
      host('web-1'),
      host('db-1', { presence: { kind: 'offline', since: at }, labels: { role: '数据库' } }),
    ),
  );

  const table = await run(['hosts', '-s', 'label.role == "web"']);
  const json = await run(['hosts', '--json']);

  assert.equal(table.exit, 0);
  assert.equal(
    table.out,
    [
      'NAME   STATE       OS                   ARCH  ADDRESS   LABELS       ID',
      'web-1  online      Debian GNU/Linux 12  x64   10.0.0.1  role=web     h_000000000000000001',
      'db-1   offline 3h  Debian GNU/Linux 12  x64   10.0.0.1  role=数据库  h_000000000000000001',
      '',
    ].join('\n'),
  );
  assert.equal(JSON.parse(json.out)[1].labels.role, '数据库');
  assert.deepEqual(cli.server.seen[0]?.query, { limit: 500, q: 'label.role == "web"' });
  assert.equal(cli.server.seen[0]?.headers.authorization, 'Bearer phk_1');
});

test('an id, which is there to be copied, is whole on the narrowest terminal', async () => {
  cli.server.on(hostsRoutes.list, page(host('web-1')));

  const { out } = await run(['hosts'], { isTty: true, columns: 60 });

  assert.match(out, /…/);
  assert.match(out, /h_000000000000000001/);
});

test('follows pages up to the limit', async () => {
  cli.server.on(hostsRoutes.list, (seen) => ({
    json: {
      items: [host(String((seen.query as { cursor?: string }).cursor ?? 'first'))],
      nextCursor: 'second',
      total: 7,
      undetermined: 0,
    },
  }));

  const { out, err } = await run(['hosts', '--limit', '2']);

  assert.match(out, /first[^]*second/);
  assert.match(err, /2 of 7 shown/);
});

test('says what the server refused, the next step, the code and the request, and exits with 3', async () => {
  cli.server.on(hostsRoutes.get, problem(404, 'HOST_UNKNOWN', { host: 'web-9' }));

  const text = await run(['host', 'web-9']);
  const json = await run(['host', 'web-9', '--json']);

  assert.equal(text.exit, 3);
  assert.equal(
    text.err,
    'error: title of HOST_UNKNOWN\n  next: hint of HOST_UNKNOWN\n  code: HOST_UNKNOWN  request: q_test\n',
  );
  assert.equal(JSON.parse(json.err).error.code, 'HOST_UNKNOWN');
});

test('keeps the exit codes apart', async () => {
  cli.server.on(hostsRoutes.list, problem(401, 'TOKEN_INVALID'));
  const nowhere = { PILOTHOUSE_SERVER: 'http://127.0.0.1:1' };

  const codes = [
    await run(['hosts']),
    await run(['hosts'], { environment: nowhere }),
    await run(['hosts'], { environment: {} }),
    await run(['hots']),
    await run(['hosts', '--nope']),
    await run(['host']),
    await run(['hosts', '--limit', 'many']),
    await run(['hosts', 'extra']),
    await run(['hosts'], { environment: { PILOTHOUSE_SERVER: 'http://pilot.example' } }),
  ].map(({ exit }) => exit);

  assert.deepEqual(codes, [5, 4, 5, 2, 2, 2, 2, 2, 2]);
});

test('suggests the nearest verb', async () => {
  const { err } = await run(['rolouts']);

  assert.match(err, /no command rolouts\n {2}next: Did you mean: rollouts\n/);
});

test('speaks the language of the locale, or that of --lang', async () => {
  const locale = await run(['hots'], { environment: { LANG: 'zh_CN.UTF-8' } });
  const option = await run(['hots', '--lang', 'zh']);
  const english = await run(['hots', '--lang=en'], { environment: { LANG: 'zh_CN.UTF-8' } });

  assert.match(locale.err, /错误：没有命令 hots/);
  assert.match(option.err, /错误：没有命令 hots/);
  assert.match(english.err, /error: There is no command hots/);
});

test('asks before a dangerous verb, and takes silence for no', async () => {
  cli.server.on(hostsRoutes.quarantine, { json: host('web-1', { state: 'quarantined' }) });
  const line = ['host', 'quarantine', 'web-1'];

  const nobody = await run(line);
  const no = await run(line, { answers: [''] });
  assert.equal(cli.server.seen.length, 0);
  const yes = await run(line, { answers: ['y'] });
  const forced = await run([...line, '--yes']);

  assert.deepEqual([nobody.exit, no.exit, yes.exit, forced.exit], [2, 6, 0, 0]);
  assert.match(nobody.err, /CLI_NEEDS_YES/);
  assert.equal(cli.server.requests(hostsRoutes.quarantine).length, 2);
});

test('signs in with the set-up code and remembers server, token and authority in a private file', async () => {
  cli.server.on(sessionRoutes.setup, { json: { user, token: 'phk_new' } });
  cli.server.on(sessionRoutes.me, { json: me });

  const line = [
    'login',
    cli.server.url,
    '--pin',
    'ab',
    '--setup',
    'CODE',
    '--name',
    'ada',
    '--password-stdin',
  ];
  const { exit, out } = await run(line, { environment: {}, input: 'correct horse battery\n' });

  assert.equal(exit, 0);
  assert.match(out, /signed in as +ada/);
  const body = cli.server.requests(sessionRoutes.setup)[0]?.body as { code: string; password: string };
  assert.deepEqual([body.code, body.password], ['CODE', 'correct horse battery']);
  const path = join(cli.directory, 'cli.json');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const config = JSON.parse(await readFile(path, 'utf8'));
  assert.deepEqual(config.servers[cli.server.url], { token: 'phk_new', user: 'ada', authority: 'PEM' });
  cli.server.on(hostsRoutes.list, page());
  assert.equal((await run(['hosts'], { environment: {} })).out, '(none)\n');
});

test('forgets the token on logout even when the server cannot be told', async () => {
  const known = { token: 'phk_1', user: 'ada', authority: null };
  const config = { version: 1 as const, current: cli.server.url, servers: { [cli.server.url]: known } };
  cli.server.on(sessionRoutes.signOut, problem(401, 'TOKEN_INVALID'));

  const { exit } = await run(['logout'], { environment: {}, config });

  assert.equal(exit, 0);
  const after = JSON.parse(await readFile(join(cli.directory, 'cli.json'), 'utf8'));
  assert.equal(after.servers[cli.server.url].token, null);
});

test('makes an enrolment token and prints the line for the host alone on stdout', async () => {
  const record = {
    id: 'et_1',
    name: 'r07',
    state: 'active',
    usesMax: 40,
    uses: 0,
    createdAt: at,
    createdBy: 'ada',
    expiresAt: at,
    labels: {},
    groups: [],
    needsApproval: false,
  };
  cli.server.on(enrolmentRoutes.createToken, { json: { record, token: 'pht1.abc' } });

  const { out, err } = await run(['enrol', '--name', 'r07', '--uses', '40', '--for', '7d', '-l', 'rack=r07']);

  assert.equal(out, 'sudo pilothouse-agent enrol --token pht1.abc\n');
  assert.match(err, /good for 40 hosts/);
  assert.deepEqual(cli.server.seen[0]?.body, {
    name: 'r07',
    usesMax: 40,
    lifeSeconds: 604_800,
    labels: { rack: 'r07' },
    groups: [],
    needsApproval: false,
  });
});

test('renders findings from their kind and evidence in the reader’s language', async () => {
  const finding = {
    id: 'fnd_1',
    kind: 'inventory.disk',
    hostId: 'h_000000000000000001',
    key: '/',
    severity: 'high',
    state: 'open',
    evidence: { mount: '/' },
    firstSeen: at,
    lastSeen: at,
    resolvedAt: null,
    acknowledgement: null,
    etag: '1',
  };
  const kind = {
    kind: 'inventory.disk',
    severity: 'high',
    title: { en: '{mount} is full', zh: '{mount} 已满' },
    hint: { en: 'h', zh: 'h' },
    remedy: null,
  };
  cli.server.on(findingsRoutes.list, page(finding));
  cli.server.on(findingsRoutes.kinds, { json: { items: [kind] } });
  cli.server.on(hostsRoutes.get, { json: host('web-1') });

  const { out } = await run(['findings', '--lang', 'zh']);

  assert.match(out, /fnd_1 +high +web-1 +open +3h +\/ 已满/);
});

test('texts in the details of an audit record are read in one language', async () => {
  const zeros = '0'.repeat(64);
  const record = {
    ...{ sequence: 1, at: '2026-01-01T00:00:00.000Z', action: 'rollout.refused-by-hosts', subject: 'r_1' },
    ...{ actor: { kind: 'system', id: 'rollouts', name: 'rollouts' }, previous: zeros, hash: zeros },
    details: { code: 'TASK_NOT_SIGNED', wanted: { en: '1 signature', zh: '1 个签名' } },
    requestId: null,
  };
  cli.server.on(auditRoutes.list, { json: { items: [record], nextCursor: null } });

  const { out } = await run(['audit']);

  assert.match(out, /code=TASK_NOT_SIGNED wanted="1 signature"/);
});

test('warns when the audit log of the server is shorter than what this computer saw', async () => {
  const checkpoint = (sequence: number) => ({
    sequence,
    hash: 'a'.repeat(64),
    at,
    keyId: 'k',
    signature: 's',
  });
  cli.server.on(systemRoutes.ready, { json: { status: 'ready', version: '0.1.0', uptimeMs: 1 } });
  cli.server.on(auditRoutes.export, { stream: [] });
  cli.server.on(auditRoutes.checkpoint, [{ json: checkpoint(9) }, { json: checkpoint(4) }]);

  assert.equal((await run(['version'])).err, '');
  const again = await run(['audit', 'verify']);

  assert.equal(again.exit, 1);
  assert.match(again.err, /the records from 1 on are missing/);
});

test('says its own version to whoever has no server yet', async () => {
  const answer = await runTestCli(['version'], { directory: cli.directory });

  assert.deepEqual([answer.exit, answer.err], [0, '']);
  assert.match(answer.out, /^pilothouse +\d/);
});

test('completes verbs, subcommands, options and their values', async () => {
  const words = async (...line: string[]) =>
    (await run(['__complete', ...line])).out.split('\n').flatMap((row) => row.split('\t')[0] || []);

  assert.deepEqual(await words('roll'), ['rollouts', 'rollout']);
  assert.ok((await words('rollout', '')).includes('cancel'));
  assert.deepEqual(await words('findings', '--sev'), ['--severity']);
  assert.deepEqual(await words('findings', '--severity', 'h'), ['high']);
  assert.deepEqual(await words('agent', 'rotate', 'e'), ['envelope']);
  assert.deepEqual(await words('run', '--', 'x'), []);
});
