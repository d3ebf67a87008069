import { type ActionSpec, AppError, type Digest } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { Principal } from '../access/service.ts';
import type { AuditService } from '../audit/service.ts';
import type { EventsService } from '../events/service.ts';
import type { HostsService } from '../hosts/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { PlansService } from '../plans/index.ts';
import type { Delegates } from '../schedules/service.ts';
import type { AuthorityAsker } from './service.ts';

export interface AuthorityDeps {
  readonly hosts: Pick<HostsService, 'index' | 'onChange'>;
  /** The rights that somebody has at this moment; null when the account is gone or disabled. */
  readonly principalOf: Delegates['principalOf'];
  readonly audit: Pick<AuditService, 'append'>;
  readonly events: Pick<EventsService, 'publish'>;
  /** Of the kernel and of all plugins, by name. */
  readonly actions: ReadonlyMap<string, ActionSpec>;
  /** The rooms need each other: this one is asked only once all are there. */
  readonly plans: () => Pick<PlansService, 'load' | 'isSeenBy' | 'requireStart'>;
}

/** What the parts of this room share. */
export interface AuthorityParts extends AuthorityDeps {
  readonly context: KernelContext;
  /** Tells whoever waits for this plan, or (null) for any, once the transaction has committed. */
  changed(transaction: Transaction, planDigest: Digest | null): void;
}

/** Something that people answer for, told to the audit and to the feed alike. */
export interface Said {
  /** `plan.approved`: what the audit calls it. */
  readonly action: string;
  /** `approvals.given`: what the feed calls it. */
  readonly event: string;
  readonly subject: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

export async function tell(
  parts: AuthorityParts,
  transaction: Transaction,
  asker: AuthorityAsker,
  said: Said,
): Promise<void> {
  const { action, event, subject, details } = said;
  await parts.audit.append(transaction, [
    { actor: asker.principal.actor, action, subject, details: { ...details }, requestId: asker.requestId },
  ]);
  await parts.events.publish(transaction, [
    { type: event, hostId: null, data: { subject, by: asker.principal.actor.name, ...details } },
  ]);
}

/** Only people approve, sign and hold keys: a token counts as whoever it belongs to. AppError FORBIDDEN. */
export function personOf(principal: Principal): { readonly id: string; readonly name: string } {
  if (principal.person === undefined) throw new AppError('FORBIDDEN', { permission: 'rollouts.approve' });
  return principal.person;
}

/** A plan names its author as the audit does: `ada`, or `ada/laptop` for a token of theirs. Names of people hold no slash. */
export const authorOf = (createdBy: string): string => createdBy.split('/')[0] ?? createdBy;
