import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EffectClass, Grant, isAppError, type PermissionSpec } from '@pilothouse/contract';
import fc from 'fast-check';
import type { Selector } from '../select/service.ts';
import { builtInRoles } from './built-in-roles.ts';
import { type CompiledGrant, compileGrant, createPrincipal } from './principal.ts';
import { requireCovered } from './require-covered.ts';

const permission = (name: string, scope: 'hosts' | 'global', isRead: boolean): PermissionSpec => ({
  name,
  title: { en: name, zh: name },
  scope,
  isRead,
});
const all = new Map(
  [
    permission('hosts.read', 'hosts', true),
    permission('hosts.label', 'hosts', false),
    permission('users.read', 'global', true),
    permission('users.manage', 'global', false),
  ].map((each) => [each.name, each]),
);
const EFFECTS: readonly EffectClass[] = ['read', 'reversible', 'disruptive', 'destructive'];
const SITES = ['bj1', 'gz2'] as const;

/** A selector of one kind: `site=NAME`. */
const select = {
  compileScope: (text: string): Selector => ({
    text,
    facts: [],
    ownFacts: [],
    groupRefs: [],
    evaluate: (host) => (host.labels['site'] === text.slice(5) ? 'true' : 'false'),
    weigh: (host) => ({
      verdict: host.labels['site'] === text.slice(5) ? 'true' : 'false',
      units: 1,
      isTooCostly: false,
    }),
    explain: () => ({ verdict: 'false', conditions: [] }),
  }),
};

const grants = fc.array(
  fc.record({
    permissions: fc.subarray([...all.keys(), '*'], { minLength: 1 }),
    hosts: fc.constantFrom('true', ...SITES.map((site) => `site=${site}`)),
    effectMax: fc.constantFrom(...EFFECTS),
  }),
  { maxLength: 4 },
);
const compile = (list: readonly Grant[]): CompiledGrant[] =>
  list.map((each) => compileGrant(each, all, select));
const hostIn = (site: string) => ({ id: 'h_1', name: 'h', labels: { site }, groups: [] });
const principalOf = (list: readonly Grant[]) =>
  createPrincipal({ kind: 'user', id: 'u', name: 'u' }, compile(list));

/** Everything that can be asked of a principal here, as text. */
function powers(list: readonly Grant[]): Set<string> {
  const principal = principalOf(list);
  const held = new Set<string>();
  for (const { name, scope } of all.values()) {
    if (scope === 'global') {
      if (principal.has(name)) held.add(name);
      continue;
    }
    for (const effect of EFFECTS) {
      for (const site of [...SITES, 'elsewhere']) {
        if (principal.scope(name, effect).includes(hostIn(site))) held.add(`${name} ${effect} ${site}`);
      }
    }
  }
  return held;
}

test('a role that may be given never holds more than its giver', () => {
  fc.assert(
    fc.property(grants, grants, (own, given) => {
      try {
        requireCovered(compile(own), given, all);
      } catch (error) {
        assert.ok(isAppError(error) && error.code === 'GRANT_EXCEEDS_OWN');
        return;
      }
      const [mine, theirs] = [powers(own), powers(given)];
      for (const power of theirs) assert.ok(mine.has(power), power);
    }),
  );
});

test('what is held is the union of the grants, and an empty list holds nothing', () => {
  assert.equal(powers([]).size, 0);
  fc.assert(
    fc.property(grants, grants, (some, more) => {
      const union = powers([...some, ...more]);
      assert.deepEqual([...union].sort(), [...new Set([...powers(some), ...powers(more)])].sort());
    }),
  );
});

test('a grant limited to hosts gives nothing for the whole installation, whatever it lists', () => {
  const everythingInOneSite = principalOf([
    { permissions: ['*'], hosts: 'site=bj1', effectMax: 'destructive' },
  ]);

  assert.equal(everythingInOneSite.has('users.manage'), false);
  assert.equal(everythingInOneSite.has('hosts.label'), true);
  assert.equal(everythingInOneSite.scope('hosts.label').includes(hostIn('gz2')), false);
});

test('the reader holds exactly what only looks, the administrator everything', () => {
  const roles = new Map(builtInRoles([...all.values()]).map((role) => [role.name, role]));
  const held = (name: string) =>
    [...all.keys()].filter((each) => principalOf(roles.get(name)?.grants ?? []).has(each));

  assert.deepEqual(held('reader'), ['hosts.read', 'users.read']);
  assert.deepEqual(held('operator'), ['hosts.read', 'hosts.label', 'users.read']);
  assert.deepEqual(held('administrator'), [...all.keys()]);
  assert.doesNotThrow(() =>
    [...roles.values()].map((role) => role.grants.map((grant) => Grant.parse(grant))),
  );
});
