import { type Actor, AppError, type PermissionSpec } from '@pilothouse/contract';
import type { AuditService } from '../audit/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { SelectService } from '../select/service.ts';
import type { Passwords } from './passwords.ts';
import type { CompiledGrant } from './principal.ts';
import type { RoleBook } from './role-book.ts';

/** What the parts of the access room share. */
export interface AccessParts {
  readonly context: KernelContext;
  readonly audit: Pick<AuditService, 'append'>;
  readonly select: Pick<SelectService, 'compileScope'>;
  /** All permissions of kernel and plugins, by name. */
  readonly permissions: ReadonlyMap<string, PermissionSpec>;
  readonly passwords: Passwords;
  readonly roles: RoleBook;
  /** To be called after the commit of whatever changes what somebody may do. */
  readonly rightsChanged: () => void;
}

/** Who does something, for the audit, and what they may give to others. */
export interface Doer {
  readonly actor: Actor;
  readonly requestId: string;
  readonly grants: readonly CompiledGrant[];
}

export interface Edit {
  readonly what: string;
  readonly id: string;
  readonly etag: string;
  /** Null: the client edits whatever is there. */
  readonly ifMatch: string | null;
}

export function requireSameVersion({ what, id, etag, ifMatch }: Edit): void {
  if (ifMatch !== null && ifMatch !== '*' && ifMatch !== etag)
    throw new AppError('EDIT_CONFLICT', { what, id });
}
