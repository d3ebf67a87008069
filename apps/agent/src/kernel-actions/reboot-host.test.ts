import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionContext, ActionEnd, Drain, ProcessEnd, ProcessRequest } from '@pilothouse/agent-kit';
import { createRebootHost } from './reboot-host.ts';

const parameters = { reason: 'new kernel', returnWithinMs: 60_000 };
const ended = (exitCode: number | null, more: Partial<ProcessEnd> = {}): ProcessEnd => ({
  exitCode,
  signal: null,
  ended: 'by-itself',
  startError: null,
  ...more,
});

function world(answer: (request: ProcessRequest) => ProcessEnd) {
  const done: string[] = [];
  const context: ActionContext = {
    taskId: 't_1',
    signal: new AbortController().signal,
    scratch: '/nowhere',
    isRoot: true,
    planDigest: '0'.repeat(64),
    print: (_, text) => void done.push(text.trim()),
    async run(request) {
      done.push([request.program, ...request.args].join(' '));
      return answer(request);
    },
    recordUndo: async () => {},
    expectReboot: async ({ withinMs }) => void done.push(`expect within ${withinMs}`),
  };
  return { done, context };
}
const drainOf = (name: string, drain: Drain['drain'], timeoutMs = 1000): Drain => ({
  name,
  timeoutMs,
  drain,
});
const works = async (): Promise<ActionEnd> => ({ kind: 'succeeded' });

test('drains in order, then writes the stage, then asks the system', async () => {
  const { done, context } = world(() => ended(0));

  const end = await createRebootHost([drainOf('pods', works), drainOf('guests', works)]).run(
    parameters,
    context,
  );

  assert.equal(end.kind, 'succeeded');
  assert.deepEqual(done, [
    'drained: pods',
    'drained: guests',
    'expect within 60000',
    'systemctl reboot --message=new kernel',
  ]);
});

test('a drain that fails or takes too long stops it before anything is asked to go down', async () => {
  const fails = drainOf('guests', async () => ({
    kind: 'failed',
    error: { code: 'GUESTS_STUCK', details: {} },
  }));
  const hangs = drainOf('pods', () => new Promise(() => {}), 20);
  for (const [drain, reason] of [
    [fails, 'GUESTS_STUCK'],
    [hangs, { en: 'its time was over', zh: '已超时' }],
  ] as const) {
    const { done, context } = world(() => ended(0));

    const end = await createRebootHost([drain]).run(parameters, context);

    assert.equal(end.kind, 'failed');
    assert.deepEqual(end.kind === 'failed' && end.error, {
      code: 'REBOOT_DRAIN_FAILED',
      details: { drain: drain.name, reason },
    });
    assert.deepEqual(done, []);
  }
});

test('an old systemctl and a host without one reboot as well; a system that refuses is named', async () => {
  const old = world(({ args }) => ended(args.length > 1 ? 1 : 0));
  assert.equal((await createRebootHost([]).run(parameters, old.context)).kind, 'succeeded');
  const bare = world(({ program }) =>
    program === 'reboot' ? ended(0) : ended(null, { ended: 'not-started', startError: 'ENOENT' }),
  );
  assert.equal((await createRebootHost([]).run(parameters, bare.context)).kind, 'succeeded');
  const killed = world(() => ended(null, { signal: 'SIGTERM' }));
  assert.equal((await createRebootHost([]).run(parameters, killed.context)).kind, 'succeeded');

  const refusing = await createRebootHost([]).run(parameters, world(() => ended(1)).context);

  assert.deepEqual(refusing.kind === 'failed' && refusing.error, {
    code: 'REBOOT_NOT_ACCEPTED',
    details: { reason: 'exit code 1' },
  });
});

test('a dry run says what it would drain and asks nobody for anything', async () => {
  const { done, context } = world(() => ended(0));

  const end = await createRebootHost([drainOf('pods', works)]).dryRun(parameters, context);

  assert.deepEqual(done, ['drain: pods (1 s at most)', 'reboot: back within 60 s']);
  assert.deepEqual(end.kind === 'succeeded' && end.result, {
    changed: true,
    changes: ['drain pods', 'reboot'],
  });
});

test('the host’s own drains come after those of plugins, and what was drained is told after the boot', async () => {
  const { done, context } = world(() => ended(0));
  const local = async () => [drainOf('drain.d/10-queue', works)];
  const states: unknown[] = [];
  const expectReboot: ActionContext['expectReboot'] = async ({ state }) => void states.push(state);
  const reboot = createRebootHost([drainOf('pods', works)], local);

  await reboot.run(parameters, { ...context, expectReboot });
  const boots = { bootIdBefore: 'a', bootIdNow: 'b' };
  const told = await reboot.afterBoot?.(parameters, { ...boots, state: { drained: ['pods'] } }, context);
  const older = await reboot.afterBoot?.(parameters, { ...boots, state: {} }, context);

  assert.deepEqual(done.slice(0, 2), ['drained: pods', 'drained: drain.d/10-queue']);
  assert.deepEqual(states, [{ drained: ['pods', 'drain.d/10-queue'] }]);
  const changes = [told, older].map((end) => end?.kind === 'succeeded' && end.result?.['changes']);
  assert.deepEqual(changes, [
    ['drain pods', 'reboot'],
    ['drain pods', 'reboot'],
  ]);
});
