import { actionSchemaDigest, type HostId, kernelActions } from '@pilothouse/contract';
import type { NewAuditRecord } from '../../audit/service.ts';
import type { GatewayService } from '../../gateway/service.ts';
import type { HostEntry, HostIndexChange } from '../../hosts/service.ts';
import type { KernelContext } from '../../kernel-context.ts';
import { recordingEvents } from '../../open-test-context.ts';
import { createRollouts, type RolloutsDeps, type RolloutsRoom } from '../create-rollouts.ts';
import { changeAction, hostsOver, resolverOver, selectOver, testAction } from '../open-test-rollouts.ts';

const actions = [testAction, changeAction, ...kernelActions];
/** What every agent offers. */
export const offeredActions = Object.fromEntries(
  actions.map((spec) => [spec.name, actionSchemaDigest(spec)]),
);

export type Rules = Pick<RolloutsDeps, 'authority' | 'budgets' | 'calendar' | 'gates' | 'notifications'>;

export interface SimulatedServer {
  readonly room: RolloutsRoom;
  /** Tells the rooms that a host's record has changed. */
  readonly hostChanged: (change: HostIndexChange) => void;
}

/** A server of rollouts over the simulated world, as it comes up after a start. */
export async function startServer(
  context: KernelContext,
  world: {
    readonly index: ReadonlyMap<HostId, HostEntry>;
    readonly gateway: GatewayService;
    readonly rules: Rules;
  },
): Promise<SimulatedServer> {
  const listeners = new Set<(change: HostIndexChange) => void>();
  const audits: NewAuditRecord[] = [];
  const room = await createRollouts(context, {
    ...world.rules,
    hosts: hostsOver(world.index, listeners),
    resolver: resolverOver(world.index),
    select: selectOver(world.index),
    gateway: world.gateway,
    signer: {
      sign: () => ({ keyId: 'k', value: 'v' }),
      envelope: (payload) => ({
        payload: JSON.stringify(payload),
        signatures: [{ keyId: 'k', value: 'v' }],
      }),
    },
    audit: {
      append: async (transaction, records) => transaction.afterCommit(() => audits.push(...records)),
      list: async () => ({ items: [], nextCursor: null }),
    },
    events: recordingEvents([]),
    actions,
  });
  return {
    room,
    hostChanged(change) {
      for (const listener of listeners) listener(change);
    },
  };
}
