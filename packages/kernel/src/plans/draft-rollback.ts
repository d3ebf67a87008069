import { DAY_MS, MINUTE_MS } from '@pilothouse/base';
import { AppError, type HostId, type StepAction, Strategy, undoAction } from '@pilothouse/contract';
import type { HostEntry } from '../hosts/service.ts';
import type { PlannedAction } from '../rollouts/service.ts';
import type { CheckedActions } from './action-registry.ts';
import type { LoadedPlan } from './loaded-plan.ts';
import type { Draft } from './plan-draft.ts';
import { waveName, waveOfStep } from './wave-of-step.ts';
import type { WavePlan } from './waves/plan-waves.ts';

/** A host that is offline is waited for this long: what was changed there stays changed until then. */
const EXPIRES_IN_MS = 7 * DAY_MS;
/** Restoring takes about as long as the change did; a short limit that suited the change must not cut it off. */
const TASK_TIMEOUT_MS_MIN = 10 * MINUTE_MS;
const TITLE_CHARS_MAX = 200;

export interface RollbackRequest {
  /** What was carried out. */
  readonly plan: LoadedPlan;
  /** Indexes of the steps whose task started, however it ended: succeeded, failed or unknown. */
  readonly touched: readonly number[];
  /** Whatever is not said: no failure is allowed, and hosts that are offline are waited for. */
  readonly strategy?: { readonly [K in keyof Strategy]?: Strategy[K] | undefined };
}

interface Known {
  readonly now: number;
  readonly hostOf: (hostId: HostId) => HostEntry | null;
  readonly check: (wished: readonly PlannedAction[]) => CheckedActions;
  readonly permissions: readonly string[];
}

/** The undo of a plan on the hosts that it touched: what went last comes first. AppError ROLLOUT_NOTHING_TO_UNDO. */
export function draftRollback(request: RollbackRequest, known: Known): Draft {
  const { plan } = request;
  const { digest, header } = plan.plan;
  const action = { action: undoAction.name, parameters: { planDigest: digest } };
  const checked = known.check([action]);
  const steps = [...request.touched]
    .sort((a, b) => a - b)
    .flatMap((index) => {
      const host = known.hostOf(plan.hosts[index]?.id ?? '');
      return host === null ? [] : [{ host, wave: waveOfStep(plan, index) }];
    });
  if (steps.length === 0) throw new AppError('ROLLOUT_NOTHING_TO_UNDO', { plan: digest });
  const hosts = steps.map(({ host }) => host);
  return {
    title: `undo: ${header.title}`.slice(0, TITLE_CHARS_MAX),
    target: { hostIds: hosts.map((host) => host.id) },
    hosts,
    undetermined: [],
    lists: [checked.actions satisfies readonly StepAction[]],
    listOf: hosts.map(() => 0),
    schemas: checked.schemas,
    permissions: known.permissions,
    strategy: strategyOf(request, checked.timeoutMsMax),
    waves: reversedWaves(
      plan,
      steps.map(({ wave }) => wave),
    ),
    notBefore: known.now,
    expiresAt: known.now + EXPIRES_IN_MS,
    retryOf: null,
    rollbackOf: digest,
  };
}

/** A host that cannot restore for want of its records fails, and the first failure halts: nobody guesses for the rest. */
function strategyOf({ plan, strategy = {} }: RollbackRequest, timeoutMsMax: number): Strategy {
  const said = Object.entries(strategy).filter(([, value]) => value !== undefined);
  const { inFlightMax, taskTimeoutMs } = plan.plan.header.strategy;
  return Strategy.parse({
    inFlightMax,
    failuresMax: 0,
    offline: 'wait',
    taskTimeoutMs: Math.min(timeoutMsMax, Math.max(TASK_TIMEOUT_MS_MIN, taskTimeoutMs)),
    factsAgeMaxMs: null,
    ...Object.fromEntries(said),
    // The waves are those of the plan, in reverse: nothing else keeps apart what that plan kept apart.
    waves: { kind: 'all' },
    apart: undefined,
  });
}

function reversedWaves(plan: LoadedPlan, wavesOfHosts: readonly number[]): WavePlan | null {
  const touched = [...new Set(wavesOfHosts)].sort((a, b) => b - a);
  if (touched.length === 1) return null;
  const numberOf = new Map(touched.map((wave, number) => [wave, number]));
  return {
    waves: touched.map((wave) => ({
      name: `undo ${waveName(plan, wave)}`,
      hostsCount: wavesOfHosts.filter((each) => each === wave).length,
    })),
    waveOf: wavesOfHosts.map((wave) => numberOf.get(wave) ?? 0),
  };
}
