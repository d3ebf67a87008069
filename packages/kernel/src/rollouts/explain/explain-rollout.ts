import type { Explanation } from '@pilothouse/contract';
import type { Principal } from '../../access/service.ts';
import type { BudgetLedger } from '../../budgets/service.ts';
import type { CalendarService } from '../../calendar/service.ts';
import type { HostsService } from '../../hosts/service.ts';
import type { KernelContext } from '../../kernel-context.ts';
import { type ActiveRollout, recordOf, viewRollout } from '../driver/active-rollout.ts';
import { wavesOfPlan } from '../driver/plan-waves.ts';
import { allowedOf, isGoingOn } from '../engine/index.ts';
import { readTaskStates } from '../result-store.ts';
import type { Sight } from '../results.ts';
import type { StopsInForce } from '../stops-in-force.ts';
import { failuresOf, notUndoneOf } from './failures.ts';
import { forecastOf } from './forecast.ts';
import { reasonsOf } from './reasons.ts';
import { unblockingOf } from './unblocking.ts';
import { gatesOf, wavesOf } from './waves.ts';

export interface ExplainDeps {
  readonly context: Pick<KernelContext, 'store' | 'clock'>;
  readonly hosts: Pick<HostsService, 'index'>;
  readonly active: ReadonlyMap<string, ActiveRollout>;
  readonly budgets: Pick<BudgetLedger, 'downIn'>;
  readonly calendar: Pick<CalendarService, 'closedFor' | 'openUntil'>;
  readonly stops: Pick<StopsInForce, 'list' | 'isCoveredBy'>;
  /** As `principal` sees another rollout; null: not at all. */
  readonly see: (principal: Principal, rolloutId: string) => Promise<Sight | null>;
}

/**
 * Says what a rollout waits for, since when, who holds that and who can unblock it, what has failed and when it would end;
 * and host by host why tasks that have not ended are not going on. Looks at every task: for a person who asks.
 */
export async function explainRollout(
  deps: ExplainDeps,
  principal: Principal,
  sight: Sight,
): Promise<Explanation> {
  const active = deps.active.get(sight.record.id) ?? null;
  const { rolledBackBy } = active?.state ?? sight.record.head;
  const said = {
    failures: await failuresOf(deps, sight),
    notUndone:
      rolledBackBy === null || rolledBackBy === undefined
        ? null
        : await notUndoneOf(deps, await deps.see(principal, rolledBackBy)),
  };
  return active === null
    ? { ...(await explainEnded(deps, sight)), ...said }
    : { ...(await explainActive(deps, sight, active)), ...said };
}

type Explained = Omit<Explanation, 'failures' | 'notUndone'>;

async function explainActive(deps: ExplainDeps, sight: Sight, active: ActiveRollout): Promise<Explained> {
  const { state } = active;
  const { allowed, throttle } = allowedOf(state);
  const { waiting } = state;
  const forecast = forecastOf(deps, active);
  return {
    rollout: viewRollout(recordOf(active)),
    unblocking:
      waiting === null
        ? null
        : unblockingOf(waiting.code, { ...waiting.details, id: active.id, plan: active.planDigest }),
    reasons: await reasonsOf(deps, sight, active),
    gates: gatesOf(state),
    waves: wavesOf(state.config.waves, (index) => state.tasks[index]?.phase),
    throttle: isGoingOn(state) ? { by: throttle, allowed } : null,
    ...forecast,
  };
}

/** Of an ended rollout its rows say all there is; a task without one (the row is gone) counts as not begun. */
async function explainEnded(deps: ExplainDeps, { record, plan }: Sight): Promise<Explained> {
  const states = await readTaskStates(deps.context.store, record.id);
  const waves = wavesOfPlan(plan, record.fixed.kind);
  return {
    rollout: viewRollout(record),
    unblocking: null,
    reasons: [],
    gates: gatesOf({ wave: record.head.wave, gate: record.head.gate ?? null, config: { waves } }),
    waves: wavesOf(waves, (index) => states.get(index)),
    throttle: null,
    endsAt: null,
    forecast: null,
  };
}
