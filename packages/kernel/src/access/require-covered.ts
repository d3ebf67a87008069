import { AppError, type Grant, type PermissionSpec } from '@pilothouse/contract';
import { type CompiledGrant, isAllHosts, isEffectAtLeast } from './principal.ts';

/**
 * Nobody gives what they do not hold: otherwise whoever may manage people could make themselves administrator.
 * AppError GRANT_EXCEEDS_OWN names the first permission that is too much. Two host selectors are compared as text, since
 * whether one selector implies another cannot be decided in general; that refuses too much and never too little.
 */
export function requireCovered(
  own: readonly CompiledGrant[],
  given: readonly Grant[],
  all: ReadonlyMap<string, PermissionSpec>,
): void {
  for (const grant of given) {
    const asked = grant.permissions.includes('*') ? [...all.keys()] : grant.permissions;
    for (const permission of asked) {
      const isGlobal = all.get(permission)?.scope === 'global';
      // A grant limited to hosts gives no permission for the whole installation, whatever it lists.
      if (isGlobal && !isAllHosts(grant)) continue;
      if (!own.some((mine) => covers(mine, grant, permission))) {
        throw new AppError('GRANT_EXCEEDS_OWN', { permission, hosts: grant.hosts });
      }
    }
  }
}

const covers = (mine: CompiledGrant, given: Grant, permission: string): boolean =>
  mine.permissions.has(permission) &&
  isEffectAtLeast(mine.grant.effectMax, given.effectMax) &&
  (mine.isAllHosts || mine.grant.hosts.trim() === given.hosts.trim());
