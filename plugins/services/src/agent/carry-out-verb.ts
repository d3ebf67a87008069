import { type ActionContext, type ActionEnd, createHostAccess, type HostAccess } from '@pilothouse/agent-kit';
import type { JsonObject } from '@pilothouse/contract';
import { type Change, decideChange, type Wish } from '../domain/decide-change.ts';
import { hasFailed, isEnabled, isRunning, UnitRecord } from '../domain/unit-state.ts';
import { failed, printLog, readUnit, runSystemctl } from './systemctl.ts';

/** Whether the way back of a verb is written down before it: those that only come and go leave nothing to restore. */
const isRecorded = ({ verb }: Wish): boolean => verb !== 'restart' && verb !== 'reload';

const doneWith = (changes: readonly Change[]): ActionEnd => ({
  kind: 'succeeded',
  result: { changed: changes.length > 0, changes: changes.map((change) => ({ ...change })) },
});

/** Says what a verb would change, and changes nothing. */
export async function predictVerb(wish: Wish, context: ActionContext): Promise<ActionEnd> {
  const state = await readUnit(hostOf(context), wish.unit);
  if (state === null) return failed('SERVICES_NO_SYSTEMD');
  const decision = decideChange(wish, state);
  if (decision.kind === 'refused') return failed(decision.code, decision.details);
  printChanges(context, decision.changes);
  return doneWith(decision.changes);
}

/** Carries a verb out: looks, writes the way back down, acts, and looks again. */
export async function carryOutVerb(
  wish: Wish,
  context: ActionContext,
  host = hostOf(context),
): Promise<ActionEnd> {
  const before = await readUnit(host, wish.unit);
  if (before === null) return failed('SERVICES_NO_SYSTEMD');
  const decision = decideChange(wish, before);
  if (decision.kind === 'refused') return failed(decision.code, decision.details);
  if (decision.changes.length === 0) return doneWith([]);
  if (isRecorded(wish)) {
    const record: UnitRecord = {
      unit: wish.unit,
      wasRunning: isRunning(before),
      wasEnabled: isEnabled(before),
      changed: decision.changes.map(({ property }) => property),
    };
    await context.recordUndo(record);
  }
  for (const verb of systemctlVerbs(wish, decision.changes)) {
    const trouble = await runSystemctl(context, verb, wish.unit);
    if (trouble === null) continue;
    await printLog(context, wish.unit);
    return trouble;
  }
  const after = await readUnit(host, wish.unit);
  const shallRun = decision.changes.some(({ property, to }) => property === 'running' && to !== 'inactive');
  if (shallRun && after !== null && hasFailed(after)) {
    await printLog(context, wish.unit);
    const { unit, verb } = wish;
    return failed('SERVICES_FAILED', { unit, verb, state: after.active, result: after.result });
  }
  printChanges(context, decision.changes);
  return doneWith(decision.changes);
}

/**
 * Brings back what a verb changed of a unit, and no more: whether it runs is somebody else's affair when the verb only
 * enabled it. What is so already is left alone, so a second time changes nothing.
 */
export async function restoreUnit(
  stored: JsonObject,
  context: ActionContext,
  host = hostOf(context),
): Promise<ActionEnd> {
  const parsed = UnitRecord.safeParse(stored);
  if (!parsed.success)
    return failed('UNDO_RECORD_MISSING', { reason: { en: 'the record is damaged', zh: '记录已损坏' } });
  const { unit, wasRunning, wasEnabled, changed = ['running', 'enabled'] } = parsed.data;
  const now = await readUnit(host, unit);
  if (now === null) return failed('SERVICES_NO_SYSTEMD');
  if (now.load === 'not-found') return failed('SERVICES_UNIT_MISSING', { unit });
  const verbs: string[] = [];
  if (changed.includes('enabled') && isEnabled(now) !== wasEnabled)
    verbs.push(wasEnabled ? 'enable' : 'disable');
  if (changed.includes('running') && isRunning(now) !== wasRunning) verbs.push(wasRunning ? 'start' : 'stop');
  for (const verb of verbs) {
    const trouble = await runSystemctl(context, verb, unit);
    if (trouble !== null) return trouble;
  }
  return {
    kind: 'succeeded',
    result: { changed: verbs.length > 0, changes: verbs.map((verb) => ({ unit, verb })) },
  };
}

const hostOf = (context: ActionContext): HostAccess =>
  createHostAccess({ isRoot: context.isRoot, signal: context.signal });

/** `enable` before `start`: a unit that fails to start is then at least as people wanted it after the next boot. */
function systemctlVerbs(wish: Wish, changes: readonly Change[]): string[] {
  return changes.map((change) => {
    if (change.property === 'enabled') return change.to === 'enabled' ? 'enable' : 'disable';
    if (wish.verb === 'restart' || wish.verb === 'reload') return wish.verb;
    return change.to === 'active' ? 'start' : 'stop';
  });
}

function printChanges(context: ActionContext, changes: readonly Change[]): void {
  for (const { unit, property, from, to } of changes)
    context.print('stdout', `${unit}: ${property} ${from} -> ${to}\n`);
}
