import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AppError, defineService, optional, type PluginSpec } from '@pilothouse/contract';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import fc from 'fast-check';
import { type Log, silentLog } from '../log.ts';
import { collectDeclarations } from './collect-declarations.ts';
import { orderPlugins } from './order-plugins.ts';
import { runReconcilers } from './run-reconcilers.ts';
import { defineServerPlugin, type ServerPlugin } from './server-plugin.ts';
import { startPlugins } from './start-plugins.ts';

const specOf = (id: string, more: Partial<PluginSpec> = {}): PluginSpec => ({
  id,
  title: { en: id, zh: id },
  permissions: {},
  errors: {},
  facts: [],
  actions: [],
  findings: [],
  events: [],
  routes: [],
  ...more,
});

interface Wishes {
  readonly uses?: ServerPlugin['uses'];
  readonly provides?: string;
  readonly start?: ServerPlugin['start'];
}

const pluginOf = (id: string, { uses = {}, provides, start }: Wishes = {}): ServerPlugin =>
  defineServerPlugin({
    spec: specOf(id),
    uses,
    migrations: null,
    ...(provides === undefined ? {} : { provides: defineService(provides) }),
    start: start ?? (async () => ({ endpoints: [], reconcilers: [] })),
  });

const code = (expected: string) => (error: AppError) => error.code === expected;
const idsOf = (plugins: readonly ServerPlugin[]) => plugins.map((plugin) => plugin.spec.id);
// Nothing of it is used by the plugins of these tests.
const context = {} as Parameters<typeof startPlugins>[0];
const kernel = {} as Parameters<typeof startPlugins>[1];

test('puts providers before users and keeps the order otherwise', () => {
  const user = pluginOf('user', { uses: { maps: defineService('maps') } });
  const other = pluginOf('other');
  const provider = pluginOf('provider', { provides: 'maps' });

  assert.deepEqual(idsOf(orderPlugins([user, other, provider])), ['provider', 'user', 'other']);
});

test('orders any set of plugins whose needs make no circle, each once', () => {
  const edges = fc.array(fc.tuple(fc.nat(9), fc.nat(9)));
  fc.assert(
    fc.property(edges, (pairs) => {
      // Needs point to smaller numbers alone, so there is no circle.
      const plugins = Array.from({ length: 10 }, (_, index) => {
        const needs = pairs.filter(([from, to]) => from === index && to < index).map(([, to]) => to);
        const uses = Object.fromEntries(needs.map((to) => [`n${to}`, defineService(`s${to}`)]));
        return pluginOf(`p${index}`, { uses, provides: `s${index}` });
      });
      const ids = idsOf(orderPlugins(plugins.toReversed()));

      assert.equal(new Set(ids).size, 10);
      for (const [from, to] of pairs) {
        if (to < from) assert.ok(ids.indexOf(`p${to}`) < ids.indexOf(`p${from}`));
      }
    }),
  );
});

test('refuses a missing need, a circle and two providers of one service', () => {
  const needs = (id: string, service: string, provides: string) =>
    pluginOf(id, { uses: { it: defineService(service) }, provides });

  assert.throws(() => orderPlugins([needs('a', 'nowhere', 'sa')]), code('PLUGIN_NEEDS'));
  assert.throws(() => orderPlugins([needs('a', 'sb', 'sa'), needs('b', 'sa', 'sb')]), code('PLUGIN_CYCLE'));
  assert.throws(
    () => orderPlugins([pluginOf('a', { provides: 's' }), pluginOf('b', { provides: 's' })]),
    code('PLUGIN_CONFLICT'),
  );
});

test('gives a user the service of its provider, and null for an optional one that is absent', async () => {
  const seen: unknown[] = [];
  const provider = pluginOf('provider', {
    provides: 'maps',
    start: async () => ({ endpoints: [], reconcilers: [], service: 'the map' }),
  });
  const user = pluginOf('user', {
    uses: { maps: defineService('maps'), extra: optional(defineService('extra')) },
    start: async ({ uses }) => {
      seen.push(uses);
      return { endpoints: [], reconcilers: [] };
    },
  });

  await startPlugins(context, kernel, orderPlugins([user, provider]));

  assert.deepEqual(seen, [{ maps: 'the map', extra: null }]);
});

test('closes those that were started when a later one fails, in reverse order', async () => {
  const closed: string[] = [];
  const closing = (id: string) =>
    pluginOf(id, {
      start: async () => ({
        endpoints: [],
        reconcilers: [],
        close: async () => {
          closed.push(id);
        },
      }),
    });
  const failing = pluginOf('c', {
    start: async () => {
      throw new Error('no');
    },
  });

  await assert.rejects(startPlugins(context, kernel, [closing('a'), closing('b'), failing]), /no/);
  assert.deepEqual(closed, ['b', 'a']);
});

test('refuses a permission, an error code or a finding that two declare, and names both', () => {
  const permission = {
    name: 'things.read',
    title: { en: 'x', zh: 'x' },
    scope: 'hosts',
    isRead: true,
  } as const;
  const row = { status: 400, title: permission.title, hint: permission.title, retry: 'never' } as const;
  const nothing = { errors: {}, permissions: {}, findings: [] };
  const both = (more: Partial<PluginSpec>) => () =>
    collectDeclarations(nothing, [specOf('a', more), specOf('b', more)]);

  assert.throws(both({ permissions: { read: permission } }), code('PLUGIN_CONFLICT'));
  assert.throws(both({ errors: { THINGS_ODD: row } }), (error: AppError) => {
    assert.deepEqual(error.details, { what: 'error', name: 'THINGS_ODD', first: 'a', second: 'b' });
    return true;
  });
});

test('a reconciler runs at once, by its interval and by signal, never twice at a time, and outlives a failure', async () => {
  const clock = fakeClock();
  const errors: string[] = [];
  const log: Log = { ...silentLog, error: (text) => errors.push(text) };
  const outcomes: string[] = [];
  let runs = 0;
  let atOnce = 0;
  let atOnceMax = 0;
  let release: () => void = () => undefined;
  const reconciler = {
    name: 'things.keep',
    intervalMs: 1000,
    async run() {
      runs += 1;
      atOnce += 1;
      atOnceMax = Math.max(atOnceMax, atOnce);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      atOnce -= 1;
      if (runs === 1) throw new Error('the first run fails');
    },
  };
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

  const running = runReconcilers({ clock, log, ended: (_, outcome) => outcomes.push(outcome) }, [reconciler]);
  running.signal('things.keep');
  clock.advance(3000);
  assert.equal(runs, 1);
  release();
  await turn();
  assert.equal(runs, 2);
  release();
  await turn();
  clock.advance(1000);
  assert.equal(runs, 3);
  const closed = running.close();
  release();
  await closed;
  clock.advance(5000);

  assert.deepEqual(outcomes, ['failed', 'ok', 'ok']);
  assert.deepEqual(errors, ['reconciler failed']);
  assert.equal(runs, 3);
  assert.equal(atOnceMax, 1);
});
