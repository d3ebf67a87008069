import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freezesRoutes, windowsRoutes } from '@pilothouse/contract';
import { signedInCli } from './signed-in-cli.ts';
import { type TestCliOptions } from './test-cli.ts';
import { host } from './test-plans.ts';
import { problem } from './test-server.ts';

const cli = signedInCli();
const run = (line: string, options: Partial<TestCliOptions> = {}) => cli.run(line.split(' '), options);

const changed = {
  reason: 'nobody is there',
  changedBy: 'grace',
  changedAt: '2026-01-02T00:00:00.000Z',
  etag: '2',
};
const made = { madeBy: 'ada', madeAt: '2026-01-01T00:00:00.000Z' };
const meaning = {
  isOn: true,
  next: [
    { from: '2026-01-03T14:30:00.000Z', to: '2026-01-03T18:00:00.000Z' },
    { from: '2026-01-10T14:00:00.000Z', to: '2026-01-10T18:00:00.000Z' },
  ],
  hostsCount: 2,
  hosts: [host(1), host(2)],
  undeterminedCount: 1,
};

test('a window is shown with its next times, its hosts and whose it is', async () => {
  const window = {
    name: 'saturday-night',
    selector: 'label.role == "web"',
    rrule: 'FREQ=WEEKLY;BYDAY=SA',
    timeZone: 'Asia/Shanghai',
    start: '2026-01-03T22:00:00',
    durationMs: 14_400_000,
  };
  cli.server.on(windowsRoutes.get, { json: { ...window, ...changed, ...made, ...meaning } });

  const { out, exit } = await run('window show saturday-night');

  assert.equal(exit, 0);
  for (const words of [
    /covers +2 hosts: web-1, web-2; undecided for 1 host, which is held closed/,
    /on now +now – 2026-01-03 18:00:00Z\n +2026-01-10 14:00:00Z – 2026-01-10 18:00:00Z/,
    /made by +ada, 2026-01-01/,
    /changed by +grace, 2026-01-02/,
  ])
    assert.match(out, words);
});

test('a freeze that is over says so, in the reader’s language, and an unknown one is refused with its code', async () => {
  const freeze = {
    name: 'new-year',
    selector: null,
    span: { from: '2025-12-31T12:00:00.000Z', to: '2026-01-01T12:00:00.000Z' },
  };
  const over = { ...meaning, isOn: false, next: [], hosts: [], hostsCount: 0, undeterminedCount: 0 };
  cli.server.on(freezesRoutes.get, { json: { ...freeze, ...changed, ...over } });

  const { out } = await run('freeze show new-year --lang zh');

  assert.match(out, /覆盖 +当前没有主机/);
  assert.match(out, /接下来 +不再出现/);
  assert.match(out, /修改者 +grace/);

  cli.server.on(freezesRoutes.get, problem(404, 'NOT_FOUND', { what: 'freeze', id: 'new-yaer' }));
  const { err, exit } = await run('freeze show new-yaer');

  assert.equal(exit, 3);
  assert.match(err, /NOT_FOUND/);
});

test('a change of one end of a freeze keeps the other, and what would be dropped silently is refused', async () => {
  const once = { from: '2026-12-31T12:00:00.000Z', to: '2027-01-02T00:00:00.000Z' };
  const daily = { rrule: 'FREQ=DAILY', timeZone: 'UTC', start: '2026-01-01T09:00:00', durationMs: 3_600_000 };
  const spans = async (span: object, line: string) => {
    const freeze = { name: 'quiet', selector: null, span, ...changed };
    cli.server.on(freezesRoutes.get, { json: { ...freeze, ...meaning } });
    cli.server.on(freezesRoutes.put, { json: freeze });
    const before = cli.server.requests(freezesRoutes.put).length;
    const { exit, err } = await run(`freeze set quiet ${line}`);
    const put = cli.server.requests(freezesRoutes.put)[before]?.body as { span: object } | undefined;
    return exit === 0 ? put?.span : `${exit} ${/CLI_\w+/.exec(err)?.[0]}`;
  };

  assert.deepEqual(await spans(once, '--to 2027-01-05'), { ...once, to: '2027-01-05T00:00:00.000Z' });
  assert.deepEqual(await spans(once, '--from 2026-12-30'), { ...once, from: '2026-12-30T00:00:00.000Z' });
  assert.deepEqual(await spans(daily, '--for 2h'), { ...daily, durationMs: 7_200_000 });
  assert.deepEqual(await spans(daily, '--start 2026-01-01T10:00'), {
    ...daily,
    start: '2026-01-01T10:00:00',
  });
  assert.deepEqual(await spans(daily, '--reason lunch'), daily);
  assert.equal(await spans(daily, '--to 2027-01-05'), '2 CLI_ARGUMENT_MISSING');
  assert.equal(await spans(once, '--for 2h'), '2 CLI_ARGUMENT_MISSING');
  assert.equal(await spans(once, '--to 2027-01-05 --for 2h'), '2 CLI_OPTIONS_CONFLICT');
});
