/**
 * Actions that end after a reboot.
 *
 * Problem: the agent that began the action goes down with the host, and the reboot may not happen, not end, or take too long.
 *
 * Rule: `rebooting` is in the journal, with the boot id before, when the system is asked to go down. Whoever runs under the
 * same boot id, this process or a restarted one, waits until the time is over and then says that it did not happen. Under
 * another boot id the agent waits for a session: the host is back when the server hears it. The time from the asking to
 * then, by the server's clock because a host's own may have stood still, is held to the limit; then the action
 * itself judges the boot. The server sees the task as running throughout.
 *
 * Limits: a host without a boot id cannot use it. A server that is away makes a host late.
 */
import type { ActionEnd } from '@pilothouse/agent-kit';
import { AppError, type JsonObject } from '@pilothouse/contract';
import type { StageOf } from '../journal/task-stage.ts';
import type { ActionPlace } from './run-action.ts';
import type { StepRun } from './step-run.ts';
import { untilOrParked } from './task-parked.ts';
import { wait } from './wait.ts';

/** The journal bounds its records. */
const STATE_BYTES_MAX = 4 * 1024;

export function enterRebooting(
  run: StepRun,
  { index, step }: ActionPlace,
  wish: { readonly withinMs: number; readonly state: JsonObject },
): StageOf<'rebooting'> {
  const { stages } = run;
  const { withinMs, state } = wish;
  if (stages.bootId === '')
    throw new AppError('REBOOT_NOT_ACCEPTED', {
      reason: { en: 'the host has no boot id', zh: '主机没有 boot id' },
    });
  if (Buffer.byteLength(JSON.stringify(state)) > STATE_BYTES_MAX)
    throw new RangeError(`state for after the boot is larger than ${STATE_BYTES_MAX} bytes`);
  const stage: StageOf<'rebooting'> = {
    kind: 'rebooting',
    index,
    action: step.action,
    withinMs,
    bootIdBefore: stages.bootId,
    state,
    askedAtMs: stages.clock.now(),
    askedServerMs: stages.serverNowMs(),
  };
  stages.enter(stage);
  stages.pauseTimer();
  return stage;
}

export async function awaitBoot(
  run: StepRun,
  stage: StageOf<'rebooting'> | StageOf<'returned'>,
  judge: (stage: StageOf<'returned'>) => Promise<ActionEnd>,
): Promise<ActionEnd> {
  run.stages.pauseTimer();
  const returned = stage.kind === 'returned' ? stage : await untilReturned(run, stage);
  if (returned === null)
    return failed('REBOOT_DID_NOT_HAPPEN', { seconds: Math.round(stage.withinMs / 1000) });
  if (returned.tookMs > stage.withinMs) {
    return failed('REBOOT_RETURNED_LATE', {
      seconds: Math.round(returned.tookMs / 1000),
      withinSeconds: Math.round(stage.withinMs / 1000),
    });
  }
  run.stages.restartTimer();
  return judge(returned);
}

/** Null when the host has not gone down within the time. */
async function untilReturned(run: StepRun, stage: StageOf<'rebooting'>): Promise<StageOf<'returned'> | null> {
  const { stages } = run;
  if (stages.bootId === stage.bootIdBefore) {
    const leftMs = stage.askedAtMs + stage.withinMs - stages.clock.now();
    const waitMs = Math.min(stage.withinMs, Math.max(0, leftMs));
    await untilOrParked(stages.parked, (over) => wait(stages.clock, waitMs, over));
    return null;
  }
  // This process began with the boot: any session of its own will do.
  await untilOrParked(stages.parked, (over) => stages.session.openedAfter(0, over));
  const tookMs = Math.max(0, stages.serverNowMs() - stage.askedServerMs);
  const returned: StageOf<'returned'> = { ...stage, kind: 'returned', tookMs };
  stages.enter(returned);
  return returned;
}

const failed = (code: string, details: Readonly<Record<string, unknown>>): ActionEnd => ({
  kind: 'failed',
  error: { code, details },
});
