import type { Verb } from '../contract/actions.ts';
import { hasFailed, isEnabled, isRunning, type UnitState } from './unit-state.ts';

/** One property that a verb changes; the same words before the run (dry run) and after it. */
export interface Change {
  readonly unit: string;
  readonly property: 'running' | 'enabled';
  readonly from: string;
  readonly to: string;
}

export type Decision =
  /** An empty list: it is so already. */
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  | { readonly kind: 'refused'; readonly code: string; readonly details: Readonly<Record<string, string>> };

export interface Wish {
  readonly verb: Verb;
  readonly unit: string;
  readonly now: boolean;
}

/** The unit file of the agent; what stops it would stop itself. */
const AGENT_UNIT = 'pilothouse-agent.service';
/** UnitFileState of units that other units or generators start. */
const NOT_ENABLEABLE = ['static', 'indirect', 'generated', 'transient', 'alias', 'bad', ''];

/** What a verb would do to a unit in this state, or why it cannot. Total and pure: a run and a dry run both ask it. */
export function decideChange(wish: Wish, state: UnitState): Decision {
  const { verb, unit } = wish;
  const refuse = (code: string, details: Record<string, string> = {}): Decision => ({
    kind: 'refused',
    code,
    details: { unit, ...details },
  });
  if (state.load === 'not-found' || state.load === '') return refuse('SERVICES_UNIT_MISSING');
  const starts = verb === 'start' || verb === 'restart' || verb === 'enable';
  if (state.load === 'masked' && starts) return refuse('SERVICES_UNIT_MASKED');
  const stops = verb === 'stop' || verb === 'restart' || (verb === 'disable' && wish.now);
  if (unit === AGENT_UNIT && stops) return refuse('SERVICES_OWN_AGENT');
  const running = isRunning(state);
  switch (verb) {
    case 'start':
      return changes([(!running || hasFailed(state)) && runs(unit, state, 'active')]);
    case 'stop':
      return changes([running && runs(unit, state, 'inactive')]);
    case 'restart':
      return changes([runs(unit, state, 'restarted')]);
    case 'reload':
      if (!running) return refuse('SERVICES_NOT_ACTIVE', { state: state.active });
      if (!state.canReload) return refuse('SERVICES_NOT_RELOADABLE');
      return changes([runs(unit, state, 'reloaded')]);
    case 'enable':
    case 'disable': {
      if (NOT_ENABLEABLE.includes(state.enabled))
        return refuse('SERVICES_NOT_ENABLEABLE', { state: state.enabled || 'without a unit file' });
      const isWanted = verb === 'enable';
      return changes([
        // What is enabled until the next boot is not what `enable` is asked for.
        (isWanted ? state.enabled !== 'enabled' : isEnabled(state)) && {
          unit,
          property: 'enabled',
          from: state.enabled,
          to: isWanted ? 'enabled' : 'disabled',
        },
        wish.now &&
          (isWanted ? !running || hasFailed(state) : running) &&
          runs(unit, state, isWanted ? 'active' : 'inactive'),
      ]);
    }
  }
}

const runs = (unit: string, state: UnitState, to: string): Change => ({
  unit,
  property: 'running',
  from: state.active,
  to,
});

const changes = (list: readonly (Change | false)[]): Decision => ({
  kind: 'changes',
  changes: list.filter((change) => change !== false),
});
