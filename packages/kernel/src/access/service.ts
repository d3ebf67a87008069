import type { Actor, EffectClass } from '@pilothouse/contract';
import type { HostEntry } from '../hosts/service.ts';

/** Which hosts a permission reaches. */
export interface HostScope {
  readonly isAll: boolean;
  readonly isNone: boolean;
  includes(host: Pick<HostEntry, 'id' | 'name' | 'labels' | 'groups'>): boolean;
}

/** Whoever is behind a request, and what they may do. */
export interface Principal {
  readonly actor: Actor;
  /** Whose account it is, also where an API token speaks for them. Absent: nobody's, as of the system itself. */
  readonly person?: { readonly id: string; readonly name: string };
  /** What its rights are made of: another list once somebody has changed them. Absent: nobody can. */
  readonly rights?: readonly unknown[];
  /** Holds a global permission, or a host permission on at least one kind of host. */
  has(permission: string): boolean;
  /** The hosts on which it holds the permission, with an effect class of at least `effect` (default `read`). */
  scope(permission: string, effect?: EffectClass): HostScope;
}
