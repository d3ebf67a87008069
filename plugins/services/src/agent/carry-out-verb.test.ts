import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActionContext, type ActionEnd, createHostAccess, type HostAccess } from '@pilothouse/agent-kit';
import type { JsonObject } from '@pilothouse/contract';
import { carryOutVerb } from './carry-out-verb.ts';
import { restoreUnit } from './restore-unit.ts';

const UNIT = 'nginx.service';
const wish = (verb: Parameters<typeof carryOutVerb>[0]['verb'], now = false) => ({ verb, unit: UNIT, now });

/** A host with one unit: verbs change its properties as systemd would, and `show` prints them. */
function hostWith(properties: Record<string, string>, verbs: Record<string, Record<string, string>> = {}) {
  const state: Record<string, string> = { LoadState: 'loaded', CanReload: 'yes', ...properties };
  const asked: string[] = [];
  const records: JsonObject[] = [];
  const effects: Record<string, Record<string, string>> = {
    start: { ActiveState: 'active' },
    stop: { ActiveState: 'inactive' },
    restart: { ActiveState: 'active' },
    enable: { UnitFileState: 'enabled' },
    disable: { UnitFileState: 'disabled' },
    ...verbs,
  };
  const host: HostAccess = {
    ...createHostAccess({
      isRoot: true,
      run: async () => ({
        exitCode: 0,
        signal: null,
        stdout: Object.entries(state)
          .map(([name, value]) => `${name}=${value}\n`)
          .join(''),
        stderr: '',
        isTimedOut: false,
        isCut: false,
      }),
    }),
    readLink: async (path) => (path === state['FragmentPath'] ? (state['links'] ?? null) : null),
  };
  const context: ActionContext = {
    taskId: 't_1',
    signal: new AbortController().signal,
    scratch: '/nonexistent',
    isRoot: true,
    planDigest: '0'.repeat(64),
    print() {},
    async run({ program, args }) {
      const [verb = ''] = args;
      if (program === 'systemctl') {
        asked.push(args.filter((argument) => argument !== '--').join(' '));
        Object.assign(state, effects[verb]);
      }
      return { exitCode: 0, signal: null, ended: 'by-itself', startError: null };
    },
    expectReboot: async () => {},
    recordUndo: async (record) => void records.push(record),
  };
  return {
    state,
    /** What systemctl was asked for since it was last looked at. */
    asked: () => asked.splice(0),
    records,
    carryOut: (verb: Parameters<typeof wish>[0], now?: boolean) =>
      carryOutVerb(wish(verb, now), context, host),
    /** As a rollback does: through the journal, newest first. */
    async rollBack(): Promise<ActionEnd[]> {
      const ends: ActionEnd[] = [];
      for (const record of records.toReversed())
        ends.push(await restoreUnit(JSON.parse(JSON.stringify(record)), context, host));
      return ends;
    },
  };
}

test('a rollback takes back what its verb changed, and leaves alone what somebody did since', async () => {
  const enabled = hostWith({ ActiveState: 'inactive', UnitFileState: 'disabled' });
  await enabled.carryOut('enable');
  enabled.state['ActiveState'] = 'active';
  enabled.asked();
  await enabled.rollBack();

  const stopped = hostWith({ ActiveState: 'active', UnitFileState: 'enabled' });
  await stopped.carryOut('stop');
  stopped.state['UnitFileState'] = 'disabled';
  stopped.asked();
  await stopped.rollBack();

  const both = hostWith({ ActiveState: 'active', UnitFileState: 'enabled' });
  await both.carryOut('disable', true);
  both.asked();
  await both.rollBack();

  assert.deepEqual(enabled.asked(), [`disable ${UNIT}`]);
  assert.deepEqual(stopped.asked(), [`start ${UNIT}`]);
  assert.deepEqual(both.asked(), [`enable ${UNIT}`, `start ${UNIT}`]);
});

test('a record of an older agent, which does not say what was changed, restores both', async () => {
  const host = hostWith({ ActiveState: 'active', UnitFileState: 'enabled' });
  host.records.push({ unit: UNIT, wasRunning: false, wasEnabled: false });

  await host.rollBack();

  assert.deepEqual(host.asked(), [`disable ${UNIT}`, `stop ${UNIT}`]);
});

test('a unit that has failed can be disabled, enabled and stopped; only what should run by the verb is judged by it', async () => {
  const failed = { ActiveState: 'failed', Result: 'exit-code' };
  const ends = [
    await hostWith({ ...failed, UnitFileState: 'enabled' }).carryOut('disable'),
    await hostWith({ ...failed, UnitFileState: 'disabled' }).carryOut('enable'),
    // As a service does that ends with a code of its own when it is told to.
    await hostWith({ ActiveState: 'active', UnitFileState: 'enabled' }, { stop: failed }).carryOut('stop'),
    await hostWith({ ...failed, UnitFileState: 'disabled' }, { start: {} }).carryOut('enable', true),
    await hostWith({ ActiveState: 'active', UnitFileState: 'enabled' }, { restart: failed }).carryOut(
      'restart',
    ),
  ];

  assert.deepEqual(
    ends.map((end) => (end.kind === 'succeeded' ? end.result?.['changed'] : end.error.code)),
    [true, true, true, 'SERVICES_FAILED', 'SERVICES_FAILED'],
  );
});

test('a unit that systemd starts again and again does not run', async () => {
  const crashing = { ActiveState: 'activating', SubState: 'auto-restart', UnitFileState: 'enabled' };
  const started = hostWith(crashing, { start: { ActiveState: 'active', SubState: 'running' } });
  const ends = [
    await started.carryOut('start'),
    await hostWith({ ActiveState: 'inactive', UnitFileState: 'enabled' }, { start: crashing }).carryOut(
      'start',
    ),
    await hostWith(crashing).carryOut('stop'),
  ];

  assert.deepEqual(
    ends.map((end) => (end.kind === 'succeeded' ? end.result?.['changed'] : end.error.code)),
    [true, 'SERVICES_FAILED', true],
  );
  assert.deepEqual(started.asked(), [`start ${UNIT}`]);
});

test('a unit that is enabled until the next boot only is not enabled already, and both come back as they were', async () => {
  const runtime = { ActiveState: 'active', UnitFileState: 'enabled-runtime' };
  const enabled = hostWith(runtime, { disable: runtime });
  await enabled.carryOut('enable');
  await enabled.rollBack();
  const disabled = hostWith(runtime, { enable: runtime });
  await disabled.carryOut('disable');
  await disabled.rollBack();

  assert.deepEqual(enabled.asked(), [`enable ${UNIT}`, `disable ${UNIT}`]);
  assert.deepEqual(disabled.asked(), [`disable --runtime ${UNIT}`, `enable --runtime ${UNIT}`]);
});

test('a unit file that lies elsewhere is linked again when what took its link away is undone', async () => {
  const linked = {
    ActiveState: 'inactive',
    FragmentPath: `/etc/systemd/system/${UNIT}`,
    links: `/opt/web/${UNIT}`,
  };
  const gone = { LoadState: 'not-found', UnitFileState: '', FragmentPath: '' };
  const back = { LoadState: 'loaded', UnitFileState: 'enabled' };
  const disabled = hostWith({ ...linked, UnitFileState: 'enabled' }, { disable: gone, enable: back });
  await disabled.carryOut('disable');
  const undone = await disabled.rollBack();
  const enabled = hostWith({ ...linked, UnitFileState: 'linked' }, { disable: gone, link: {} });
  await enabled.carryOut('enable');
  await enabled.rollBack();

  assert.deepEqual(
    undone.map(({ kind }) => kind),
    ['succeeded'],
  );
  assert.deepEqual(disabled.asked(), [`disable ${UNIT}`, `enable /opt/web/${UNIT}`]);
  assert.deepEqual(enabled.asked(), [`enable ${UNIT}`, `disable ${UNIT}`, `link /opt/web/${UNIT}`]);
});
