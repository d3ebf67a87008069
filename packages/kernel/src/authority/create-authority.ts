import { DAY_MS, HOUR_MS, SECOND_MS } from '@pilothouse/base';
import type { Digest } from '@pilothouse/contract';
import type { HostEntry } from '../hosts/service.ts';
import type { Endpoint } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import { createListeners } from '../listeners.ts';
import type { Reconciler } from '../plugins/index.ts';
import { approvalStore } from './approval-store.ts';
import type { AuthorityDeps, AuthorityParts } from './authority-parts.ts';
import { authorityEndpoints } from './endpoints.ts';
import { signatureStore } from './key-store.ts';
import { mandateStore } from './mandate-store.ts';
import { requireMandate, useMandate } from './mandates.ts';
import { authorityOf, missingFor } from './plan-authority.ts';
import type { AuthorityBook } from './service.ts';

/** Ten thousand hosts that are labelled anew are one change. */
const SCOPES_INTERVAL_MS = 2 * SECOND_MS;
/** Longer than a plan or a mandate may live; what happened stays in the audit. */
const KEPT_DAYS = 450;

export interface AuthorityRoom {
  readonly authority: AuthorityBook;
  readonly endpoints: readonly Endpoint[];
  readonly reconcilers: readonly Reconciler[];
}

export function createAuthority(context: KernelContext, deps: AuthorityDeps): AuthorityRoom {
  const changes = createListeners<Digest | null>();
  let haveScopesMoved = false;
  const parts: AuthorityParts = {
    ...deps,
    context,
    changed: (transaction, planDigest) => transaction.afterCommit(() => changes.tell(planDigest)),
  };
  deps.hosts.onChange(({ before, after }) => {
    haveScopesMoved ||= before !== null && after !== null && isInOtherScopes(before, after);
  });
  return {
    authority: {
      missingFor: (plan) => missingFor(parts, plan),
      authorityOf: (planDigest) => authorityOf(parts, planDigest),
      onChanged: (listener) => changes.listen(listener),
      rightsChanged: () => changes.tell(null),
      requireMandate: (principal, mandateId) => requireMandate(parts, principal, mandateId),
      useMandate: (asker, planDigest, mandateId) => useMandate(parts, asker, { planDigest, mandateId }),
    },
    endpoints: authorityEndpoints(parts),
    reconcilers: [
      { name: 'authority.forget-old', intervalMs: HOUR_MS, run: () => forgetOld(context) },
      {
        name: 'authority.scopes',
        intervalMs: SCOPES_INTERVAL_MS,
        async run() {
          if (haveScopesMoved) changes.tell(null);
          haveScopesMoved = false;
        },
      },
    ],
  };
}

/** Scopes of roles rest on what operators say of a host. */
const isInOtherScopes = (before: HostEntry, after: HostEntry): boolean =>
  before.labels !== after.labels || before.groups !== after.groups || before.name !== after.name;

async function forgetOld({ store, clock }: KernelContext): Promise<void> {
  const before = clock.now() - KEPT_DAYS * DAY_MS;
  await store.transaction(async (transaction) => {
    await approvalStore.deleteBefore(transaction, before);
    await signatureStore.deleteBefore(transaction, before);
    await mandateStore.deleteUsesBefore(transaction, before);
  });
}
