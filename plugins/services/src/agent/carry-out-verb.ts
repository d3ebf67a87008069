import type { ActionContext, ActionEnd, HostAccess } from '@pilothouse/agent-kit';
import { type Change, decideChange, type Wish } from '../domain/decide-change.ts';
import { hasFailed, isEnabled, isRunning, type UnitRecord, type UnitState } from '../domain/unit-state.ts';
import { failed, hostOf, printLog, readUnit, runSystemctl, type SystemctlCall } from './systemctl.ts';

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
    const linkedTo = await linkOf(host, wish.unit, before);
    const record = {
      unit: wish.unit,
      wasRunning: isRunning(before),
      wasEnabled: isEnabled(before),
      changed: decision.changes.map(({ property }) => property),
      enabledBefore: before.enabled,
      ...(linkedTo === null ? {} : { linkedTo }),
    } satisfies UnitRecord;
    await context.recordUndo(record);
  }
  for (const call of systemctlCalls(wish, decision.changes)) {
    const trouble = await runSystemctl(context, call);
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

/** `enable` before `start`: a unit that fails to start is then at least as people wanted it after the next boot. */
function systemctlCalls(wish: Wish, changes: readonly Change[]): SystemctlCall[] {
  const { unit } = wish;
  return changes.map((change) => {
    if (change.property === 'enabled') {
      if (change.to === 'enabled') return { verb: 'enable', unit };
      return { verb: 'disable', unit, isRuntime: change.from === 'enabled-runtime' };
    }
    if (wish.verb === 'restart' || wish.verb === 'reload') return { verb: wish.verb, unit };
    return { verb: change.to === 'active' ? 'start' : 'stop', unit };
  });
}

/** Where unit files lie that systemd finds without a link. */
const UNIT_DIRECTORIES = /^\/(?:etc|run|usr\/lib|usr\/local\/lib|lib)\/systemd\//;

/** The file that a unit's own link points to when it lies elsewhere: systemd takes that link away with `disable`. */
async function linkOf(host: HostAccess, unit: string, { fragment }: UnitState): Promise<string | null> {
  const target = fragment === '' ? null : await host.readLink(fragment);
  const isElsewhere =
    target?.startsWith('/') && target.endsWith(`/${unit}`) && !UNIT_DIRECTORIES.test(target);
  return isElsewhere ? target : null;
}

function printChanges(context: ActionContext, changes: readonly Change[]): void {
  for (const { unit, property, from, to } of changes)
    context.print('stdout', `${unit}: ${property} ${from} -> ${to}\n`);
}
