import { actionSchemaDigest, type HostId, kernelActions } from '@pilothouse/contract';
import type { BudgetsRoom } from '../../budgets/index.ts';
import type { HostEntry, HostIndexChange } from '../../hosts/service.ts';
import type { KernelContext } from '../../kernel-context.ts';
import { recordingEvents } from '../../open-test-context.ts';
import { createRollouts, type RolloutsDeps, type RolloutsRoom } from '../create-rollouts.ts';
import { changeAction, hostsOver, resolverOver, selectOver, testAction } from '../open-test-rollouts.ts';
import { openRules, type RulesWatch } from './simulated-rules.ts';
import type { VirtualPrometheus } from './virtual-prometheus.ts';

const actions = [testAction, changeAction, ...kernelActions];
/** What every agent offers. */
export const offeredActions = Object.fromEntries(
  actions.map((spec) => [spec.name, actionSchemaDigest(spec)]),
);

export interface SimulatedServer {
  readonly room: RolloutsRoom;
  /** Routes of all rooms. */
  readonly endpoints: RolloutsRoom['endpoints'];
  readonly leases: BudgetsRoom['leases'];
  /** What is done every few seconds: ends of leases are written down, and hosts are asked after those that go on. */
  readonly housekeep: () => Promise<void>;
  /** Tells the rooms that a host's record has changed. */
  readonly hostChanged: (change: HostIndexChange) => void;
}

/** What a server meets that is no part of it. */
export interface Surroundings extends Pick<RolloutsDeps, 'authority' | 'notifications' | 'gateway'> {
  readonly index: ReadonlyMap<HostId, HostEntry>;
  readonly prometheus: VirtualPrometheus;
  readonly watch: RulesWatch;
}

/** A server of rollouts over the simulated world, as it comes up after a start: rules first, as in the real one. */
export async function startServer(
  context: KernelContext,
  { index, prometheus, watch, ...people }: Surroundings,
): Promise<SimulatedServer> {
  const listeners = new Set<(change: HostIndexChange) => void>();
  const shared = {
    hosts: hostsOver(index, listeners),
    select: selectOver(index),
    gateway: people.gateway,
    audit: nothingKept,
    events: recordingEvents([]),
  };
  const { leases, endpoints, reconcilers, ...rules } = await openRules(context, shared, {
    prometheus,
    watch,
  });
  const room = await createRollouts(context, {
    ...shared,
    ...rules,
    ...people,
    resolver: resolverOver(index),
    signer: {
      sign: () => signature,
      envelope: (payload) => ({ payload: JSON.stringify(payload), signatures: [signature] }),
    },
    actions,
  });
  return {
    room,
    leases,
    endpoints: [...room.endpoints, ...endpoints],
    async housekeep() {
      for (const reconciler of [...reconcilers, ...room.reconcilers])
        if (HOUSEKEEPING.includes(reconciler.name)) await reconciler.run();
    },
    hostChanged(change) {
      for (const listener of listeners) listener(change);
    },
  };
}

const HOUSEKEEPING: readonly string[] = ['budgets.write-back', 'rollouts.ask-returning'];

const signature = { keyId: 'k', value: 'v' };

const nothingKept: RolloutsDeps['audit'] = {
  append: async () => undefined,
  list: async () => ({ items: [], nextCursor: null }),
};
