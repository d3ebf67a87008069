/** What a rollout says of itself at any moment: waits and who holds them, waves, gates, failures, and when it would end. */
import { z } from 'zod';
import { DownCause } from '../budget.ts';
import { GateVerdict } from '../gate.ts';
import { HostId } from '../host-id.ts';
import { Rollout, RolloutId, TaskCounts } from '../rollout.ts';
import { JsonObject, Timestamp } from '../scalars.ts';
import { TaskState } from '../task.ts';

/**
 * Who or what ends a wait. person: somebody with `permission` · host: the hosts themselves · time: it goes on by itself ·
 * rollout: other work that has to end first · server: nothing is lacking.
 */
export const Unblocking = z.object({
  by: z.enum(['person', 'host', 'time', 'rollout', 'server']),
  permission: z.string().nullable(),
  /** What to do, as a command line; null: there is nothing to do. */
  command: z.string().nullable(),
});
export type Unblocking = z.infer<typeof Unblocking>;

/** One gate of the wave that stands before it, or that has been passed. */
export const GateStatus = z.object({
  name: z.string(),
  kind: z.string(),
  wave: z.number().int(),
  state: z.enum(['passed', 'now', 'to-come']),
  since: Timestamp.nullable(),
  soakedMs: z.number().nullable(),
  soakMs: z.number().nullable(),
  /** The last word on it, with numbers and hosts. */
  verdict: GateVerdict.extend({ at: Timestamp }).nullable(),
});
export type GateStatus = z.infer<typeof GateStatus>;

/** Hosts of one wave by how far they are. */
export const WaveStatus = z.object({
  name: z.string(),
  hostsCount: z.number().int(),
  endedCount: z.number().int(),
  failuresCount: z.number().int(),
  failuresMax: z.number().int().nullable(),
  /** By state; null: an older server does not say. */
  counts: TaskCounts.nullable().default(null),
});
export type WaveStatus = z.infer<typeof WaveStatus>;

/**
 * Who keeps others waiting. task: a task of the same rollout · lock: another rollout changes this host · stop: an emergency
 * stop, by `person` for the reason in `title` · the rest as hosts count as down.
 */
export const Holder = z.object({
  by: z.enum([...DownCause.options, 'task', 'lock', 'stop']),
  /** Null: it holds no single host. */
  hostId: HostId.nullable(),
  hostName: z.string().nullable(),
  /** Null: nobody noted when it began. */
  since: Timestamp.nullable(),
  rolloutId: RolloutId.nullable(),
  title: z.string().nullable(),
  person: z.string().nullable(),
});
export type Holder = z.infer<typeof Holder>;

/** A host on which something did not come out well, and what is known of it. */
export const FailedHost = z.object({
  hostId: HostId,
  hostName: z.string(),
  wave: z.number().int(),
  state: TaskState,
  exitCode: z.number().int().nullable(),
  error: z.object({ code: z.string(), details: JsonObject }).nullable(),
  /** The first line that it printed, of its errors if there are any; null: nothing. */
  line: z.string().nullable(),
});
export type FailedHost = z.infer<typeof FailedHost>;

/** The list is cut; the count is whole, of the hosts that the reader may see. */
const FailedHosts = z
  .object({ hostsCount: z.number().int(), hosts: z.array(FailedHost) })
  .nullable()
  .default(null);
export type FailedHosts = z.infer<typeof FailedHosts>;

/** What is left, in milliseconds: work at the rate so far, soaks and waits of gates, windows that are closed meanwhile. */
export const Forecast = z.object({
  workMs: z.number().int(),
  gatesMs: z.number().int(),
  closedMs: z.number().int(),
  /** Codes of waits whose end nobody can know; with any, `endsAt` is the earliest it can be. */
  dependsOn: z.array(z.string()),
});
export type Forecast = z.infer<typeof Forecast>;

/** What a rollout waits for, since when, who can unblock it, and when it would end at this rate. */
export const Explanation = z.object({
  rollout: Rollout,
  unblocking: Unblocking.nullable(),
  /** Why tasks that have not ended are not going on, most hosts first; hosts are cut at 100 a reason, holders at 20. */
  reasons: z.array(
    z.object({
      code: z.string(),
      details: JsonObject,
      unblocking: Unblocking,
      hostsCount: z.number().int(),
      hosts: z.array(z.object({ hostId: HostId, hostName: z.string() })),
      /** Who holds what they wait for, the longest first; those that the reader may not see are counted alone. */
      holders: z.array(Holder).default([]),
      holdersCount: z.number().int().default(0),
    }),
  ),
  /** Gates after the current wave, in order; of an ended rollout, those at which it ended. */
  gates: z.array(GateStatus),
  waves: z.array(WaveStatus),
  /** At most `allowed` tasks are unresolved at once, because of this limit. Null once it has ended. */
  throttle: z
    .object({ by: z.enum(['in-flight', 'failures', 'wave-failures']), allowed: z.number().int() })
    .nullable(),
  /** When it would end if hosts go on ending at the rate of this rollout so far; null: nothing has ended yet. */
  endsAt: Timestamp.nullable(),
  /** How `endsAt` comes about; null with it. */
  forecast: Forecast.nullable().default(null),
  /** Hosts that failed or of which nobody knows, and canaries that were skipped where a halt was for that; null: none. */
  failures: FailedHosts,
  /** Of a rollout that is being undone, or was: hosts that still hold what was to be undone; null: none. */
  notUndone: FailedHosts,
});
export type Explanation = z.infer<typeof Explanation>;
