import { z } from 'zod';
import { GATES_MAX, Gate } from './gate.ts';
import { HostId } from './host-id.ts';
import { LabelKey } from './label-key.ts';
import { PROBES_MAX, Probe } from './probe.ts';
import { ruleText } from './schema-text.ts';

export const PLAN_HOSTS_MAX = 100_000;
export const WAVES_MAX = 1000;

/** What happens to a host that is not connected when its turn comes. */
export const OfflinePolicy = z.enum(['wait', 'skip', 'fail']);
export type OfflinePolicy = z.infer<typeof OfflinePolicy>;

const HostsCount = z.number().int().min(1).max(PLAN_HOSTS_MAX);

/** The size of a wave: so many hosts, or a share of all targets, rounded up to at least one. */
export const WaveSize = z.union([
  z.object({ hosts: HostsCount }),
  z.object({ percent: z.number().gt(0).max(100) }),
]);
export type WaveSize = z.infer<typeof WaveSize>;

/** The first wave: n hosts, or one host of each distinct build, which is the digest of the named facts together. */
export const Canary = z.union([
  z.object({ hosts: HostsCount }),
  z.object({ perBuild: z.array(z.string().min(1).max(80)).min(1).max(8) }),
]);
export type Canary = z.infer<typeof Canary>;

export const Waves = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('all') }),
  z.object({ kind: z.literal('fixed'), hostsPerWave: HostsCount }),
  /** A canary, then waves of the given sizes; the last size repeats until every host has its wave. */
  z.object({
    kind: z.literal('staged'),
    canary: Canary.nullable(),
    then: z.array(WaveSize).min(1).max(64),
  }),
  /** One wave for each value of a label, in the given order, then by value; hosts without it come last. */
  z.object({
    kind: z.literal('per-label'),
    canary: Canary.nullable(),
    label: LabelKey,
    order: z.array(z.string().max(127)).max(1000),
  }),
]);
export type Waves = z.infer<typeof Waves>;

/** Hosts that stand in for each other: no wave holds two of them. `label`: hosts with the same value of it. */
export const RedundancySet = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('label'), label: LabelKey }),
  z.object({ kind: z.literal('group'), path: z.string().min(1).max(500) }),
  z.object({
    kind: z.literal('hosts'),
    name: z.string().min(1).max(80),
    hostIds: z.array(HostId).min(2).max(10_000),
  }),
]);
export type RedundancySet = z.infer<typeof RedundancySet>;

/** A window of the plan's own, beside those that stand for the hosts. RFC 5545: `rrule` without DTSTART. */
export const PlanWindow = z.object({
  rrule: z.string().min(1).max(500),
  /** IANA name; the rule's local times are in it, over daylight-saving changes. */
  timeZone: z.string().min(1).max(64),
  /** Local time from which the rule counts, `2026-11-21T22:00:00`. */
  start: z.string().regex(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/,
    ruleText({
      en: 'must be a local time such as 2026-11-21T22:00:00',
      zh: '必须是本地时间，例如 2026-11-21T22:00:00',
    }),
  ),
  durationMs: z
    .number()
    .int()
    .min(60_000)
    .max(7 * 86_400_000),
});
export type PlanWindow = z.infer<typeof PlanWindow>;

const Percent = z.number().min(0).max(100);

/**
 * How a rollout proceeds. `failuresMax` = k halts at failure k + 1, and there are never more than k + 1: what is
 * unresolved is held to k + 1 minus the failures so far. Null: no limit (the default of an ad-hoc run, never of a plan).
 *
 * Everything below `factsAgeMaxMs` is absent unless asked for: the header of a plan that asks for nothing new is the one
 * that every agent knows.
 */
export const Strategy = z.object({
  waves: Waves,
  inFlightMax: HostsCount,
  failuresMax: z.number().int().min(0).nullable(),
  offline: OfflinePolicy,
  taskTimeoutMs: z
    .number()
    .int()
    .min(1000)
    .max(7 * 86_400_000),
  /** Targets whose facts are older are refused when the plan is made. Null: any age. */
  factsAgeMaxMs: z.number().int().min(1000).nullable(),
  /** Of all planned hosts, rounded down; the smaller of count and share holds. */
  failuresPercentMax: Percent.optional(),
  /** Of one wave: count, and share of the wave's planned size, rounded down. */
  waveFailuresMax: z.number().int().min(0).optional(),
  waveFailuresPercentMax: Percent.optional(),
  /** At most so many tasks in flight among hosts with one value of a label. */
  inFlightPerLabel: z.object({ label: LabelKey, max: HostsCount }).optional(),
  apart: z.array(RedundancySet).min(1).max(32).optional(),
  gates: z.array(Gate).min(1).max(GATES_MAX).optional(),
  probes: z.array(Probe).min(1).max(PROBES_MAX).optional(),
  windows: z.array(PlanWindow).min(1).max(16).optional(),
  /** When a limit is passed or a gate fails: absent: halt; `rollback`: halt, then undo what was touched. */
  onFailure: z.enum(['halt', 'rollback']).optional(),
  /** Distinct people, none of them the author, who must approve the plan's digest before it starts. */
  approvalsMin: z.number().int().min(1).max(10).optional(),
});
export type Strategy = z.infer<typeof Strategy>;
