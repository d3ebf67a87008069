/**
 * Every frame of the agent session, as schemas. One JSON object a WebSocket text message.
 *
 * A session: the agent sends `hello`; the server answers `welcome`, `come-back` (admission control) or `renew-only`
 * (expired certificate). From then on every frame in both directions carries the session's `generation`; a frame of
 * another generation is dropped, so nothing late from an old session is ever taken for the new one.
 *
 * What must survive is acknowledged (`outcome` ↔ `outcome-saved`) and sent again after a reconnect until it is;
 * everything else may be lost and is said again by its sender's own rhythm. Live output is a view under credit; the
 * outcome names the whole output by digest, and the server asks for bodies it has never seen.
 *
 * An agent passes over frames of a kind that it does not know: a newer server may say more to it.
 */
import {
  AuditCheckpoint,
  Digest,
  Envelope,
  FACTS_PER_HOST_MAX,
  FactReport,
  OutputChunk,
  PROBES_MAX,
  ProbeResult,
  ReasonText,
  SignedTrustBundle,
  TaskOutcome,
  Timestamp,
  Vitals,
} from '@pilothouse/contract';
import { z } from 'zod';

export const PROTOCOL_VERSION = 1;
/** A frame is never larger; envelopes of 4 MiB and their escapes fit. */
export const FRAME_BYTES_MAX = 10 * 1024 * 1024;
/** The first frame must arrive within this time after the TLS handshake. */
export const HELLO_DEADLINE_MS = 10_000;
export const HEARTBEAT_INTERVAL_MS = 10_000;
/** No frame for this long: the session is dead and the host offline. */
export const SESSION_SILENCE_MAX_MS = 25_000;

/** Larger bodies of facts are asked for and travel compressed. */
export const FACT_INLINE_CHARS_MAX = 4 * 1024;

const Generation = z.number().int().min(0);
const TaskId = z.string().min(1).max(64);
const AskId = z.string().max(40);

/** A task as the agent's journal knows it: sent with `hello` so that the server learns what it missed. */
export const JournalEntry = z.object({
  taskId: TaskId,
  attempt: z.number().int().min(1),
  state: z.enum(['accepted', 'started', 'ended']),
});
export type JournalEntry = z.infer<typeof JournalEntry>;

export const AgentFrame = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('hello'),
    protocol: z.number().int(),
    agentVersion: z.string().max(64),
    arch: z.string().max(32),
    hostName: z.string().max(253),
    bootId: z.string().max(64),
    /** Random for each process start: tells a restarted agent from a cloned one. */
    processId: z.string().max(64),
    /** The agent's wall clock, for skew. */
    clock: Timestamp,
    trustVersion: z.number().int().min(0),
    /** Digests of the parameter schemas of the actions it can carry out. */
    actions: z.record(z.string().max(80), Digest),
    /** Actions it knows and cannot offer here, with the reason. */
    actionsAbsent: z.record(z.string().max(80), z.string().max(300)),
    /** Those reasons in both languages; absent: there are none, or the agent knows one language. */
    actionsAbsentWhy: z.record(z.string().max(80), ReasonText).optional(),
    /** Tasks whose outcome the server has not acknowledged yet. */
    journal: z.array(JournalEntry).max(10_000),
    /** `agent hold` was set on the host: it refuses all tasks. */
    isHeld: z.boolean(),
    /** What this agent can do that agents before it could not; absent: nothing. See `capabilities.ts`. */
    capabilities: z.array(z.string().max(40)).max(64).optional(),
  }),
  z.object({ kind: z.literal('heartbeat'), generation: Generation, clock: Timestamp, vitals: Vitals }),
  z.object({
    kind: z.literal('facts'),
    generation: Generation,
    reports: z.array(FactReport).max(FACTS_PER_HOST_MAX),
    collectedAt: Timestamp,
    /**
     * Bodies that no other host can have sent already, when they are small: canonical JSON, each named by its digest in
     * `reports`. A request for each would cost more than the body. A server that does not know the field asks for them.
     */
    bodies: z.array(z.string().max(FACT_INLINE_CHARS_MAX)).max(FACTS_PER_HOST_MAX).optional(),
  }),
  /** Verified and written to the journal; will run when its locks are free. */
  z.object({
    kind: z.literal('accepted'),
    generation: Generation,
    taskId: TaskId,
    attempt: z.number().int(),
  }),
  z.object({
    kind: z.literal('started'),
    generation: Generation,
    taskId: TaskId,
    attempt: z.number().int(),
    at: Timestamp,
  }),
  z.object({
    kind: z.literal('output'),
    generation: Generation,
    taskId: TaskId,
    /** Bytes of output before this frame. */
    offsetBytes: z.number().int().min(0),
    chunks: z.array(OutputChunk).max(256),
  }),
  z.object({
    kind: z.literal('outcome'),
    generation: Generation,
    taskId: TaskId,
    attempt: z.number().int(),
    outcome: TaskOutcome,
    /** Canonical JSON of the OutputBody when it is small, so that no second trip is needed. */
    outputInline: z
      .string()
      .max(64 * 1024)
      .nullable(),
  }),
  /** Answer to `probe`. `refused`: the envelope was not good here, with a code of the agent's error table. */
  z.object({
    kind: z.literal('probe-result'),
    generation: Generation,
    taskId: TaskId,
    askId: AskId,
    results: z.array(ProbeResult).max(PROBES_MAX),
    refused: z.string().max(80).nullable(),
  }),
  /** Answer to `collect` with an `askId`: what was asked for has been collected and reported. */
  z.object({ kind: z.literal('collected'), generation: Generation, askId: AskId }),
  /** Answer to `task-ask`; after `ended` the outcome is said once more. `absent`: it knows nothing of it any more. */
  z.object({
    kind: z.literal('task-word'),
    generation: Generation,
    taskId: TaskId,
    state: z.enum(['absent', 'accepted', 'started', 'ended']),
  }),
  /** Answer to `challenge`: proves that this old session still lives after a new one came. */
  z.object({ kind: z.literal('challenge-answer'), generation: Generation, nonce: z.string().max(64) }),
  z.object({ kind: z.literal('renew'), generation: Generation, csr: z.string().max(8192) }),
  z.object({ kind: z.literal('trust-adopted'), generation: Generation, version: z.number().int() }),
  z.object({ kind: z.literal('hold-changed'), generation: Generation, isHeld: z.boolean() }),
]);
export type AgentFrame = z.infer<typeof AgentFrame>;

export const ServerFrame = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('welcome'),
    generation: Generation,
    hostId: z.string(),
    serverTime: Timestamp,
    /** Longer than a timer can be it would be no pause at all. */
    heartbeatIntervalMs: z.number().int().min(1000).max(3_600_000),
    /** Fact digests the server holds for this host, so that an unchanged fact need not be reported. */
    knownFacts: z.record(z.string(), Digest),
  }),
  /** Admission control: close, and come back after this time (the agent adds jitter). */
  z.object({ kind: z.literal('come-back'), afterMs: z.number().int().min(0).max(3_600_000) }),
  /**
   * This session can do nothing but renew: the certificate has expired, its authority was retired, or a person let this
   * host replace another one, whose id the new certificate then carries.
   */
  z.object({
    kind: z.literal('renew-only'),
    generation: Generation,
    reason: z.enum(['expired', 'rotated', 'replaced']),
  }),
  /** Refused for good until a person acts; the code is from the gateway's error table. */
  z.object({ kind: z.literal('refused'), code: z.string(), title: z.string(), hint: z.string() }),
  z.object({
    kind: z.literal('facts-wanted'),
    generation: Generation,
    digests: z.array(Digest).max(FACTS_PER_HOST_MAX),
  }),
  /** Collect these now (all when empty), whatever their interval. */
  z.object({
    kind: z.literal('collect'),
    generation: Generation,
    facts: z.array(z.string()).max(FACTS_PER_HOST_MAX),
    /** Wants `collected` as an answer; agents without that capability pass over it. */
    askId: AskId.optional(),
  }),
  z.object({
    kind: z.literal('offer'),
    generation: Generation,
    taskId: TaskId,
    attempt: z.number().int(),
    envelope: Envelope,
    /** Bytes of live output the agent may send before more credit; 0 sends none. */
    outputCreditBytes: z.number().int().min(0),
  }),
  /** Runs the probes of a plan that this host took part in, now. Only to agents with the capability `probes`. */
  z.object({
    kind: z.literal('probe'),
    generation: Generation,
    taskId: TaskId,
    /** Names this asking; its answer carries it. */
    askId: AskId,
    envelope: Envelope,
  }),
  /** What has become of it, in any of its attempts? Only to agents with the capability `task-word`. */
  z.object({ kind: z.literal('task-ask'), generation: Generation, taskId: TaskId }),
  /** Do not start it. A task that has started goes on; the agent answers with `outcome` cancelled or nothing new. */
  z.object({ kind: z.literal('withdraw'), generation: Generation, taskId: TaskId }),
  /** End it now, whole process tree. */
  z.object({ kind: z.literal('cancel'), generation: Generation, taskId: TaskId }),
  z.object({
    kind: z.literal('credit'),
    generation: Generation,
    taskId: TaskId,
    bytes: z.number().int().min(1),
  }),
  z.object({
    kind: z.literal('outcome-saved'),
    generation: Generation,
    taskId: TaskId,
    attempt: z.number().int(),
  }),
  z.object({ kind: z.literal('outputs-wanted'), generation: Generation, digests: z.array(Digest).max(256) }),
  z.object({ kind: z.literal('challenge'), generation: Generation, nonce: z.string().max(64) }),
  z.object({
    kind: z.literal('certificate'),
    generation: Generation,
    /** Leaf first. The host's id is the common name of the leaf, and may differ from the one before. */
    chain: z.array(z.string().max(8192)).min(1).max(4),
  }),
  z.object({
    kind: z.literal('trust'),
    generation: Generation,
    bundles: z.array(SignedTrustBundle).min(1).max(64),
  }),
  /** Server time signed with an envelope key, over TIME_TAG and the text. */
  z.object({
    kind: z.literal('time'),
    generation: Generation,
    serverTime: Timestamp,
    keyId: z.string(),
    signature: z.string(),
  }),
  /** The end of the audit chain, for the agent to keep: see the kernel's audit room for what witnesses are good for. */
  z.object({ kind: z.literal('checkpoint'), generation: Generation, checkpoint: AuditCheckpoint }),
]);
export type ServerFrame = z.infer<typeof ServerFrame>;

export type AgentFrameOf<K extends AgentFrame['kind']> = Extract<AgentFrame, { kind: K }>;
export type ServerFrameOf<K extends ServerFrame['kind']> = Extract<ServerFrame, { kind: K }>;
