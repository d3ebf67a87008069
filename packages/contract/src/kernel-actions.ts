/** The actions that every host can carry out without a plugin: what the kernel itself asks of hosts. */
import { z } from 'zod';
import { defineAction } from './action.ts';
import { Digest } from './scalars.ts';

const HOUR_MS = 3_600_000;

/**
 * Drains the host, reboots it, and is done when it is up under another boot id with a session; the plan's probes then
 * judge whether it is well. Draws from budgets until it is back.
 */
export const rebootAction = defineAction({
  name: 'host.reboot',
  title: { en: 'Reboot the host', zh: '重启主机' },
  parameters: z.object({
    /** For the host's own log and the people logged in there. */
    reason: z.string().min(1).max(500),
    /** From the reboot to the first session afterwards, in milliseconds. */
    returnWithinMs: z
      .number()
      .int()
      .min(10_000)
      .max(6 * HOUR_MS)
      .default(15 * 60_000),
  }),
  effect: () => 'disruptive',
  trust: 'typed',
  permission: 'hosts.reboot',
  interrupts: () => 'host',
  locks: () => ['host', 'boot'],
  timeoutMsMax: 8 * HOUR_MS,
  withoutRoot: { en: 'only root may reboot', zh: '只有 root 可以重启' },
  undo: { kind: 'none', reason: { en: 'a reboot cannot be taken back', zh: '重启无法撤销' } },
});

/**
 * Restores what a plan's actions recorded on this host before they changed it, the newest record first. Harmless when it
 * is done already; refused, never guessed, when the records are gone.
 */
export const undoAction = defineAction({
  name: 'rollouts.undo',
  title: { en: 'Undo what a plan changed', zh: '撤销某个计划所做的更改' },
  parameters: z.object({ planDigest: Digest }),
  effect: () => 'disruptive',
  trust: 'typed',
  // What was done may be undone only by stopping what it started; the records, which know, are on the host.
  interrupts: () => 'service',
  locks: () => ['host'],
  timeoutMsMax: 8 * HOUR_MS,
  undo: {
    kind: 'none',
    reason: { en: 'run the plan again instead: as a new plan', zh: '请改为以新计划重新执行原计划' },
  },
});

export const kernelActions = [rebootAction, undoAction] as const;
