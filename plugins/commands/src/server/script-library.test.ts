import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import type {
  AuditService,
  EventsService,
  PlanRequest,
  Principal,
  RolloutsService,
} from '@pilothouse/kernel';
import { silentLog } from '@pilothouse/kernel';
import type { Store } from '@pilothouse/store';
import { openTestStore } from '@pilothouse/store/test-store';
import { ScriptParameters } from '../contract/command-parameters.ts';
import { ScriptContent } from '../contract/script.ts';
import { commandsMigrations } from './migrations.ts';
import { planScript } from './plan-script.ts';
import {
  addVersion,
  createScript,
  editDraft,
  type LibraryDeps,
  listScripts,
  publishDraft,
  readScript,
  readVersion,
  removeScript,
} from './script-library.ts';

describe('script library', () => {
  let store: Store;
  let deps: LibraryDeps;
  let told: string[];
  let now = 0;

  beforeEach(async () => {
    store = await openTestStore();
    await store.migrate([commandsMigrations]);
    told = [];
    now = Date.parse('2026-01-01T00:00:00Z');
    const audit: Pick<AuditService, 'append'> = {
      async append(transaction, records) {
        for (const { action, subject } of records)
          transaction.afterCommit(() => told.push(`${action} ${subject}`));
      },
    };
    const events: Pick<EventsService, 'publish'> = {
      async publish(transaction, published) {
        for (const { type } of published) transaction.afterCommit(() => told.push(type));
      },
    };
    const clock = { now: () => now, monotonic: () => now, after: () => () => {}, every: () => () => {} };
    const ids = { now: () => now, fill: (target: Uint8Array) => target };
    deps = {
      context: { clock, ids, store, log: silentLog },
      // Only what the library calls.
      audit: audit as AuditService,
      events: events as EventsService,
    };
  });
  afterEach(() => store.close());

  const by = { actor: { kind: 'user', id: 'u_1', name: 'ada' }, requestId: 'q_1' } as const;
  const content = (text: string) =>
    ScriptContent.parse({
      text,
      parameters: [{ kind: 'string', name: 'file', isRequired: true }],
      effect: 'read',
    });
  const create = (name: string, text = 'true') => createScript(deps, { name, content: content(text), by });
  const refusedWith = (code: string) => (error: unknown) => isAppError(error) && error.code === code;

  test('a new script is a draft, and tells audit and feed', async () => {
    const version = await create('head', 'head "$1"');

    assert.equal(version.state, 'draft');
    assert.equal(version.version, 1);
    assert.equal(version.createdBy, 'ada');
    assert.deepEqual(told, ['script.draft-saved head', 'commands.draft-saved']);
    await assert.rejects(create('head'), refusedWith('COMMANDS_SCRIPT_EXISTS'));
    await assert.rejects(readVersion(deps, 'head', undefined), refusedWith('COMMANDS_NOT_PUBLISHED'));
  });

  test('a published version never changes, and runs until the next is published', async () => {
    await create('head', 'one');
    await publishDraft(deps, { name: 'head', version: 1, ifMatch: null, by });
    const key = { name: 'head', version: 1, ifMatch: null, by };

    await assert.rejects(
      editDraft(deps, { ...key, content: content('x') }),
      refusedWith('COMMANDS_VERSION_PUBLISHED'),
    );
    await assert.rejects(publishDraft(deps, key), refusedWith('COMMANDS_VERSION_PUBLISHED'));
    await addVersion(deps, { name: 'head', content: content('two'), by });
    assert.equal((await readVersion(deps, 'head', undefined)).text, 'one');
    assert.equal((await readVersion(deps, 'head', 2)).text, 'two');
    await publishDraft(deps, { name: 'head', version: 2, ifMatch: null, by });
    assert.equal((await readVersion(deps, 'head', undefined)).text, 'two');
  });

  test('has one draft at a time', async () => {
    await create('head');

    await assert.rejects(
      addVersion(deps, { name: 'head', content: content('two'), by }),
      (error) =>
        isAppError(error) && error.code === 'COMMANDS_DRAFT_EXISTS' && error.details['version'] === 1,
    );
  });

  test('publishes only what the reviewer has read', async () => {
    const read = await create('head', 'harmless');
    const key = { name: 'head', version: 1, by };
    await editDraft(deps, { ...key, content: content('rm -rf /'), ifMatch: read.etag });

    await assert.rejects(publishDraft(deps, { ...key, ifMatch: read.etag }), refusedWith('EDIT_CONFLICT'));
    const now = await readVersion(deps, 'head', 1);
    assert.equal((await publishDraft(deps, { ...key, ifMatch: now.etag })).state, 'published');
  });

  test('pages through the scripts in order of name and finds them by a part of it', async () => {
    for (const name of ['disk-free', 'disk-used', 'reboot']) await create(name);

    const first = await listScripts(deps, { limit: 2 });
    const second = await listScripts(deps, { limit: 2, cursor: first.nextCursor ?? '' });
    const found = await listScripts(deps, { limit: 9, search: 'used' });

    assert.deepEqual(
      [...first.items, ...second.items].map((script) => script.name),
      ['disk-free', 'disk-used', 'reboot'],
    );
    assert.equal(second.nextCursor, null);
    assert.deepEqual(
      found.items.map((script) => script.name),
      ['disk-used'],
    );
  });

  test('removes a script with its versions', async () => {
    await create('head');

    await removeScript(deps, 'head', by);

    await assert.rejects(readScript(deps, 'head'), refusedWith('NOT_FOUND'));
    await create('head');
  });

  function planner() {
    const requests: PlanRequest[] = [];
    const rollouts: Pick<RolloutsService, 'plan'> = {
      async plan(_, request) {
        requests.push(request);
        // The plan itself is the kernel's; this test reads what was asked of it.
        return { plan: {} as never, undetermined: 0, lacking: [] };
      },
    };
    return { requests, kernel: { rollouts, hosts: { index: new Map() } } };
  }

  const principal = (...permissions: string[]): Principal => ({
    actor: by.actor,
    has: (permission) => permissions.includes(permission),
    scope: () => ({ isAll: true, isNone: false, includes: () => true }),
  });

  test('plans a published script with its values beside the text, never in it', async () => {
    await create('head', 'head "$PARAM_FILE"');
    const script = await publishDraft(deps, { name: 'head', version: 1, ifMatch: null, by });
    const { requests, kernel } = planner();
    const run = { script, target: { selector: 'true' }, strategy: {}, title: undefined };

    await planScript(kernel, principal('commands.run-script'), {
      ...run,
      parameters: { file: '$(reboot)' },
      isDryRunOnly: true,
    });

    const action = requests[0]?.actions[0];
    const parameters = ScriptParameters.parse(action?.parameters);
    assert.equal(action?.permission, 'commands.run-script');
    assert.equal(parameters.text, 'head "$PARAM_FILE"');
    assert.deepEqual(parameters.environment, { PARAM_FILE: '$(reboot)' });
    assert.deepEqual(parameters.arguments, ['$(reboot)']);
    assert.equal(parameters.effect, 'read');
    assert.equal(requests[0]?.isDryRunOnly, true);
    await assert.rejects(
      planScript(kernel, principal('commands.run-script'), { ...run, parameters: {} }),
      refusedWith('COMMANDS_PARAMETER_MISSING'),
    );
  });

  test('lets a draft run only for whoever may run anything', async () => {
    const script = await create('head');
    const { requests, kernel } = planner();
    const run = { script, target: {}, strategy: {}, title: undefined, parameters: { file: 'x' } };

    await assert.rejects(planScript(kernel, principal('commands.run-script'), run), refusedWith('FORBIDDEN'));
    await planScript(kernel, principal('commands.run'), run);

    assert.equal(requests[0]?.actions[0]?.permission, 'commands.run');
  });
});
