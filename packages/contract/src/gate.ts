import { z } from 'zod';

export const GATES_MAX = 32;
export const SOAK_MS_MAX = 30 * 86_400_000;

/**
 * Where a gate stands: after each wave, or after wave n (the first is 1). A `confirm` or a `wait` after the last wave
 * has nothing to hold back and is passed over; a check after the last wave still judges it.
 */
export const GatePlace = z.union([z.literal('each'), z.number().int().min(1).max(10_000)]);
export type GatePlace = z.infer<typeof GatePlace>;

/** Vitals that canaries are compared by; higher is worse for each of them. */
export const ComparedVital = z.enum([
  'load1',
  'memoryUsedRatio',
  'diskUsedRatio',
  'pressureCpu',
  'pressureMemory',
  'pressureIo',
]);
export type ComparedVital = z.infer<typeof ComparedVital>;

/** Where the numbers of a comparison come from: one number a host. */
export const ComparedMeasure = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('vital'), vital: ComparedVital, byAtLeast: z.number().min(0).optional() }),
  z.object({
    kind: z.literal('promql'),
    query: z.string().min(1).max(2048),
    /** The label of the result that names the host, by host name or address (a port is cut off). */
    hostLabel: z.string().min(1).max(64),
    worse: z.enum(['higher', 'lower']),
    /** A difference up to this is not worse, in the unit of the measure; absent: 0. */
    byAtLeast: z.number().min(0).optional(),
  }),
]);
export type ComparedMeasure = z.infer<typeof ComparedMeasure>;

const placed = { name: z.string().min(1).max(80), after: GatePlace };
const soakMs = z.number().int().min(0).max(SOAK_MS_MAX);

/**
 * What must hold, or be done, before the next wave starts; the gates of a wave are passed in the order of the plan.
 * A gate that cannot be evaluated holds the rollout and says so: it neither opens nor fails.
 */
export const Gate = z.discriminatedUnion('kind', [
  /** A CEL expression over facts, vitals, findings, task outcomes and PromQL; false at any time of the soak halts. */
  z.object({ ...placed, kind: z.literal('check'), expression: z.string().min(1).max(4096), soakMs }),
  /** The plan's probes keep passing on every touched host for the soak, asked every `everyMs`. */
  z.object({
    ...placed,
    kind: z.literal('probes'),
    soakMs,
    everyMs: z.number().int().min(1000).max(3_600_000),
    /** Hosts whose probes may fail or stay unanswered without halting. */
    failingMax: z.number().int().min(0),
  }),
  /**
   * Touched against untouched hosts by a one-sided rank test; halts when touched hosts are worse and chance would say so
   * in less than `falseHaltRate` of healthy rollouts, over all measures and all waves together.
   */
  z.object({
    ...placed,
    kind: z.literal('compare'),
    measures: z.array(ComparedMeasure).min(1).max(8),
    falseHaltRate: z.number().min(0.0001).max(0.25),
    soakMs,
  }),
  /** A person says "go on". */
  z.object({ ...placed, kind: z.literal('confirm'), text: z.string().min(1).max(1000) }),
  z.object({ ...placed, kind: z.literal('wait'), waitMs: z.number().int().min(1000).max(SOAK_MS_MAX) }),
  /** Tells people through a configured channel and goes on; delivery is retried beside the rollout. */
  z.object({
    ...placed,
    kind: z.literal('notify'),
    channel: z.string().min(1).max(80),
    text: z.string().max(2000),
  }),
]);
export type Gate = z.infer<typeof Gate>;

/** What a judge says of a gate; `undetermined` holds. `evidence` is for people: numbers, hosts, the query's answer. */
export const GateVerdict = z.object({
  kind: z.enum(['holds', 'fails', 'undetermined']),
  /** A code of an error table with its details: why it fails, or what could not be evaluated. */
  reason: z.object({ code: z.string(), details: z.record(z.string(), z.json()) }).nullable(),
  evidence: z.record(z.string(), z.json()),
});
export type GateVerdict = z.infer<typeof GateVerdict>;
