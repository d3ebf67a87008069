/** What a plan would do, for people who look before they start it. Only a view: the plan itself is what is reviewed and signed. */
import { z } from 'zod';
import { ActionName, EffectClass, Interruption } from './action.ts';
import { HostId } from './host-id.ts';
import { Digest, Timestamp } from './scalars.ts';

/** Names of a wave are cut here; its count is whole. */
export const PREVIEW_HOSTS_SHOWN_MAX = 100;
/** Waves beyond this are counted, not shown: only a plan of fixed waves without sets can have more. */
export const PREVIEW_WAVES_SHOWN_MAX = 1000;

const Words = z.object({ en: z.string(), zh: z.string() });
const Hosts = {
  hostsCount: z.number().int(),
  hosts: z.array(z.object({ hostId: HostId, hostName: z.string() })),
};

export const PreviewWave = z.object({
  name: z.string(),
  ...Hosts,
  /** Budgets that its hosts draw from, as they stand: how many may be down, and how many are. */
  budgets: z.array(
    z.object({
      name: z.string(),
      domain: z.string().nullable(),
      hostsCount: z.number().int(),
      allowed: z.number().int(),
      down: z.number().int(),
    }),
  ),
  /** Names of the gates that stand after it, in their order. */
  gates: z.array(z.string()),
});
export type PreviewWave = z.infer<typeof PreviewWave>;

/**
 * How true dry runs of an action have been: of so many predictions that could be held to an outcome, so many said exactly
 * what was changed. Counted for one schema of its parameters; another version begins anew.
 */
export const ActionTrack = z.object({
  action: ActionName,
  schema: Digest,
  compared: z.number().int(),
  matched: z.number().int(),
  /** Runs after a dry run of which either did not say what it changes. */
  notComparable: z.number().int(),
});
export type ActionTrack = z.infer<typeof ActionTrack>;

/**
 * none-needed: it changes nothing · complete: every action records what its undo needs · partial: some do · none: there
 * is no way back. `lacking`: the actions that record nothing, with their makers' reason.
 */
export const UndoPreview = z.object({
  kind: z.enum(['none-needed', 'complete', 'partial', 'none']),
  lacking: z.array(z.object({ action: ActionName, title: Words, reason: Words })),
});
export type UndoPreview = z.infer<typeof UndoPreview>;

export const PlanPreview = z.object({
  effect: EffectClass,
  interrupts: Interruption,
  wavesCount: z.number().int(),
  waves: z.array(PreviewWave),
  /** Null: nobody needs to approve it, or they all have. */
  approvals: z.object({ required: z.number().int(), given: z.number().int() }).nullable(),
  undo: UndoPreview,
  /**
   * Hosts on which nothing may start at this moment, by the window or freeze that closes them. `until`: when that ends;
   * `opensAt`: when nothing else closes them either, null when that is not before the plan expires.
   */
  closed: z.array(
    z.object({
      kind: z.enum(['window', 'freeze']),
      name: z.string(),
      until: Timestamp.nullable(),
      opensAt: Timestamp.nullable(),
      ...Hosts,
    }),
  ),
  /** Hosts whose agent, as last heard, cannot carry it out. */
  lackingCount: z.number().int(),
  /** How many hosts the target would mean if it were resolved now; null when hosts were named one by one, or the reader does not see all. */
  matchingNow: z.number().int().nullable(),
  tracks: z.array(ActionTrack),
});
export type PlanPreview = z.infer<typeof PlanPreview>;
