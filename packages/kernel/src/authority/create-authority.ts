import { DAY_MS, HOUR_MS } from '@pilothouse/base';
import type { Digest } from '@pilothouse/contract';
import type { Endpoint } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import { createListeners } from '../listeners.ts';
import type { Reconciler } from '../plugins/index.ts';
import { approvalStore } from './approval-store.ts';
import type { AuthorityDeps, AuthorityParts } from './authority-parts.ts';
import { authorityEndpoints } from './endpoints.ts';
import { signatureStore } from './key-store.ts';
import { mandateStore } from './mandate-store.ts';
import { useMandate } from './mandates.ts';
import { authorityOf, missingFor } from './plan-authority.ts';
import type { AuthorityBook } from './service.ts';

/** Longer than a plan or a mandate may live; what happened stays in the audit. */
const KEPT_DAYS = 450;

export interface AuthorityRoom {
  readonly authority: AuthorityBook;
  readonly endpoints: readonly Endpoint[];
  readonly reconcilers: readonly Reconciler[];
}

export function createAuthority(context: KernelContext, deps: AuthorityDeps): AuthorityRoom {
  const changes = createListeners<Digest>();
  const parts: AuthorityParts = {
    ...deps,
    context,
    changed: (transaction, planDigest) => transaction.afterCommit(() => changes.tell(planDigest)),
  };
  return {
    authority: {
      missingFor: (plan) => missingFor(parts, plan),
      authorityOf: (planDigest) => authorityOf(parts, planDigest),
      onChanged: (listener) => changes.listen(listener),
      useMandate: (asker, planDigest, mandateId) => useMandate(parts, asker, { planDigest, mandateId }),
    },
    endpoints: authorityEndpoints(parts),
    reconcilers: [{ name: 'authority.forget-old', intervalMs: HOUR_MS, run: () => forgetOld(context) }],
  };
}

async function forgetOld({ store, clock }: KernelContext): Promise<void> {
  const before = clock.now() - KEPT_DAYS * DAY_MS;
  await store.transaction(async (transaction) => {
    await approvalStore.deleteBefore(transaction, before);
    await signatureStore.deleteBefore(transaction, before);
    await mandateStore.deleteUsesBefore(transaction, before);
  });
}
