import type { Actor, EffectClass, Grant, PermissionSpec } from '@pilothouse/contract';
import type { Selector, SelectService } from '../select/service.ts';
import type { HostScope, Principal } from './service.ts';

/**
 * What a principal may do is the union of its grants, each permissions × hosts × highest effect class.
 *
 * Nothing is subtracted and no order matters, so a grant can be read alone. A permission for the whole installation
 * (`global`) is held only by a grant whose hosts are `true`: "everything, on the web hosts" must not include managing
 * people. A selector in a grant reads labels, groups, names and ids alone; where it cannot decide (`unknown`) the host is
 * outside. A selector that no longer compiles, say because a group's name became invalid, grants nothing.
 */
export interface CompiledGrant {
  readonly grant: Grant;
  readonly permissions: ReadonlySet<string>;
  readonly isAllHosts: boolean;
  /** Null: all hosts, or a selector that does not compile (then `isAllHosts` is false). */
  readonly selector: Selector | null;
}

const EFFECTS: readonly EffectClass[] = ['read', 'reversible', 'disruptive', 'destructive'];
export const isEffectAtLeast = (effect: EffectClass, least: EffectClass): boolean =>
  EFFECTS.indexOf(effect) >= EFFECTS.indexOf(least);

export const isAllHosts = (grant: Pick<Grant, 'hosts'>): boolean => grant.hosts.trim() === 'true';

export function compileGrant(
  grant: Grant,
  all: ReadonlyMap<string, PermissionSpec>,
  select: Pick<SelectService, 'compileScope'>,
): CompiledGrant {
  const isAll = isAllHosts(grant);
  const asked = grant.permissions.includes('*') ? [...all.keys()] : grant.permissions;
  const held = asked.filter((name) => isAll || all.get(name)?.scope === 'hosts');
  return {
    grant,
    permissions: new Set(held),
    isAllHosts: isAll,
    selector: isAll ? null : select.compileScope(grant.hosts),
  };
}

export function createPrincipal(
  actor: Actor,
  grants: readonly CompiledGrant[],
  person?: NonNullable<Principal['person']>,
): Principal {
  return {
    actor,
    ...(person === undefined ? {} : { person }),
    rights: grants,
    has: (permission) => grants.some((grant) => grant.permissions.has(permission)),
    scope(permission, effect = 'read') {
      const fitting = grants.filter(
        (each) => each.permissions.has(permission) && isEffectAtLeast(each.grant.effectMax, effect),
      );
      return scopeOf(fitting);
    },
  };
}

function scopeOf(grants: readonly CompiledGrant[]): HostScope {
  if (grants.some((grant) => grant.isAllHosts)) return ALL;
  const selectors = grants.flatMap((grant) => (grant.selector === null ? [] : [grant.selector]));
  if (selectors.length === 0) return NONE;
  return {
    isAll: false,
    isNone: false,
    includes: (host) => selectors.some((selector) => selector.evaluate(asEntry(host)) === 'true'),
  };
}

const ALL: HostScope = { isAll: true, isNone: false, includes: () => true };
const NONE: HostScope = { isAll: false, isNone: true, includes: () => false };

type ScopeHost = Parameters<HostScope['includes']>[0];

/** A scope selector reads nothing but these four fields; the rest is there because evaluation takes whole entries. */
function asEntry(host: ScopeHost): Parameters<Selector['evaluate']>[0] {
  return {
    state: 'active',
    isOnline: false,
    presenceSince: 0,
    isInMaintenance: false,
    lastSeen: null,
    address: null,
    arch: null,
    agentVersion: null,
    bootId: null,
    vitals: null,
    facts: NO_FACTS,
    ...host,
  };
}

const NO_FACTS: ReadonlyMap<string, never> = new Map<string, never>();
