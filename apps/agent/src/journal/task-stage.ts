/**
 * The stages of a task that outlive a process of the agent.
 *
 * Problem: some actions end only after the agent that began them has gone (a reboot), or must be taken back when nobody
 * can reach the host any more (network, firewall, sshd). A task that merely runs is `unknown` after a crash; these have to
 * go on.
 *
 * Rule: the stage is written before what it announces happens, and the step's payload lies beside it. A task that is in a
 * stage when an agent starts is taken up where the stage says; one that is in none is unknown. A stage belongs to one
 * action and ends with it.
 *
 * `changing` → `confirming` → `confirmed`: what may cut the host off. `rebooting` → `returned`: what ends after a boot.
 * `probing`: all actions have ended, and the probes after them run; probes change nothing and can be asked again.
 */
import { ActionOutcome, JsonObject } from '@pilothouse/contract';
import { z } from 'zod';

const common = {
  /** Of the action in its step. */
  index: z.number().int().min(0),
  action: z.string().max(80),
  withinMs: z.number().int().min(0),
};

const boot = {
  ...common,
  bootIdBefore: z.string().max(64),
  state: JsonObject,
  /** By the host's clock, for a host that does not go down; by the server's, for one that comes back. */
  askedAtMs: z.number().int(),
  askedServerMs: z.number().int(),
};

export const TaskStage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('changing'), ...common }),
  z.object({
    kind: z.literal('confirming'),
    ...common,
    /** By the host's clock. Whoever reads it later never waits longer than `withinMs`, wherever the clock went. */
    deadlineMs: z.number().int(),
    /** How the action itself ended. */
    end: ActionOutcome,
  }),
  z.object({ kind: z.literal('confirmed'), ...common, end: ActionOutcome }),
  z.object({ kind: z.literal('rebooting'), ...boot }),
  z.object({ kind: z.literal('returned'), ...boot, tookMs: z.number().int() }),
  z.object({ kind: z.literal('probing'), ...common, end: ActionOutcome }),
]);
export type TaskStage = z.infer<typeof TaskStage>;
export type StageOf<K extends TaskStage['kind']> = Extract<TaskStage, { kind: K }>;
