import type { RolloutsDeps } from './create-rollouts.ts';

/** Rules that let everything through, for tests that are about something else. */
export const nothingForbidden = (): Pick<
  RolloutsDeps,
  'budgets' | 'calendar' | 'gates' | 'notifications'
> => ({
  budgets: {
    take: () => ({ kind: 'granted' }),
    giveBack: () => {},
    drop: () => {},
    returning: () => [],
    setFailing: () => {},
    flush: async () => {},
    reload: async () => {},
    onRoom: () => () => {},
    impossibleFor: () => [],
    drawnBy: () => [],
    downIn: () => null,
  },
  calendar: {
    closedFor: () => null,
    openUntil: () => null,
    checkWindows: () => {},
    neverOpen: () => [],
    onChanged: () => () => {},
  },
  gates: {
    judge: async () => ({ kind: 'holds', reason: null, evidence: {} }),
    check: async () => {},
  },
  notifications: { enqueue: async () => {}, hasChannel: () => true },
});
