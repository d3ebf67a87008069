/**
 * What every plugin must be, whatever it does. A plugin's `test/conformance.test.ts` hands its spec and its agent room to
 * `conformPlugin`, which registers one test a promise. What needs a running server (access of every route, examples that
 * answer) is walked by the server's own access test over all plugins at once.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareText } from '@pilothouse/base';
import {
  ActionName,
  FACT_BODY_BYTES_MAX,
  FactName,
  LANGUAGES,
  type Message,
  PermissionName,
  type PluginSpec,
} from '@pilothouse/contract';

/** The agent room as far as conformance looks: structural, so that testkit depends on no plugin and no kit. */
export interface AgentRoom {
  readonly id: string;
  readonly collectors: () => Promise<
    readonly { readonly fact: { readonly name: string }; readonly timeoutMs: number }[]
  >;
  readonly actions: readonly { readonly spec: { readonly name: string } }[];
}

export function conformPlugin(spec: PluginSpec, agent: AgentRoom | null): void {
  const prefix = `${spec.id}: `;
  void test(`${prefix}names carry the plugin's own prefix and are well formed`, () => namesAreOwn(spec));
  void test(`${prefix}every text is there in every language`, () => textsAreComplete(spec));
  void test(`${prefix}every error code has a status that fits its retry`, () => errorsAreSound(spec));
  void test(`${prefix}every route declares access, known errors and an example that fits its schemas`, () =>
    routesAreSound(spec));
  void test(`${prefix}facts and actions have limits`, () => limitsAreSet(spec));
  void test(`${prefix}the agent room offers exactly the facts and actions of the spec`, () =>
    agentMatches(spec, agent));
}

function namesAreOwn(spec: PluginSpec): void {
  assert.match(spec.id, /^[a-z][a-z0-9-]{1,30}$/);
  const code = `${spec.id.replaceAll('-', '_').toUpperCase()}_`;
  for (const name of Object.keys(spec.errors))
    assert.ok(name.startsWith(code), `${name} starts with ${code}`);
  for (const permission of Object.values(spec.permissions)) {
    PermissionName.parse(permission.name);
    assert.ok(permission.name.startsWith(`${spec.id}.`), `${permission.name} starts with ${spec.id}.`);
  }
  for (const fact of spec.facts) FactName.parse(fact.name);
  for (const action of spec.actions) {
    ActionName.parse(action.name);
    assert.ok(action.name.startsWith(`${spec.id}.`), `${action.name} starts with ${spec.id}.`);
  }
  for (const finding of spec.findings) assert.ok(finding.kind.startsWith(`${spec.id}.`), finding.kind);
  for (const route of spec.routes) assert.ok(route.id.startsWith(`${spec.id}.`), route.id);
}

function textsAreComplete(spec: PluginSpec): void {
  const texts: Message[] = [
    spec.title,
    ...Object.values(spec.errors).flatMap((row) => [row.title, row.hint]),
    ...Object.values(spec.permissions).map((permission) => permission.title),
    ...spec.facts.map((fact) => fact.title),
    ...spec.actions.map((action) => action.title),
    ...spec.findings.flatMap((finding) => [finding.title, finding.hint]),
    ...spec.events.map((event) => event.title),
    ...spec.routes.map((route) => route.summary),
  ];
  for (const text of texts)
    for (const language of LANGUAGES) assert.ok(text[language].trim() !== '', JSON.stringify(text));
}

function errorsAreSound(spec: PluginSpec): void {
  for (const [code, row] of Object.entries(spec.errors)) {
    assert.ok(row.status >= 400 && row.status < 600, `${code}: status ${row.status}`);
    if (row.status === 429 || row.status === 503) assert.equal(row.retry, 'later', code);
  }
}

function routesAreSound(spec: PluginSpec): void {
  const permissions = new Set(Object.values(spec.permissions).map((permission) => permission.name));
  const ids = new Set<string>();
  for (const route of spec.routes) {
    assert.ok(!ids.has(route.id), `${route.id} is declared once`);
    ids.add(route.id);
    assert.notEqual(route.access.kind, 'public', `${route.id}: only sign-in and health are public`);
    if (route.access.kind === 'permission' && route.access.permission.startsWith(`${spec.id}.`)) {
      assert.ok(
        permissions.has(route.access.permission),
        `${route.id}: ${route.access.permission} is declared`,
      );
    }
    const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
    assert.deepEqual(
      Object.keys(route.params?.shape ?? {}).sort(compareText),
      inPath.sort(compareText),
      `${route.id}: path parameters`,
    );
    route.params?.parse(route.example.params ?? {});
    route.query?.parse(route.example.query ?? {});
    route.body?.parse(route.example.body);
  }
}

function limitsAreSet(spec: PluginSpec): void {
  for (const fact of spec.facts) {
    assert.ok(fact.sizeBytesMax > 0 && fact.sizeBytesMax <= FACT_BODY_BYTES_MAX, `${fact.name}: size limit`);
    assert.ok(fact.intervalMs >= 60_000, `${fact.name}: collected at most once a minute`);
  }
  for (const action of spec.actions) assert.ok(action.timeoutMsMax > 0, `${action.name}: time limit`);
}

async function agentMatches(spec: PluginSpec, agent: AgentRoom | null): Promise<void> {
  const names = (list: readonly { readonly name: string }[]): string[] =>
    list.map((item) => item.name).sort(compareText);
  if (agent !== null) assert.equal(agent.id, spec.id);
  const collectors = (await agent?.collectors()) ?? [];
  assert.deepEqual(names(collectors.map((collector) => collector.fact)), names(spec.facts));
  assert.deepEqual(names(agent?.actions.map((action) => action.spec) ?? []), names(spec.actions));
  for (const collector of collectors)
    assert.ok(collector.timeoutMs > 0, `${collector.fact.name}: time limit`);
}
