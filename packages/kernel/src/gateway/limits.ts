import { bytes, DAY_MS, MINUTE_MS, SECOND_MS } from '@pilothouse/base';
import { FACT_BODY_BYTES_MAX } from '@pilothouse/contract';
import {
  FRAME_BYTES_MAX,
  HEARTBEAT_INTERVAL_MS,
  HELLO_DEADLINE_MS,
  SESSION_SILENCE_MAX_MS,
} from '@pilothouse/wire';

/** Every bound of the gateway, so that tests can tighten them and people can read them in one place. */
export const GATEWAY_LIMITS = {
  /** Peers that are being looked up. They share questions to the store, so more would only queue there. */
  lookupsInFlightMax: 256,
  /** Of those who wait for it; refused, each would come again with another handshake, which costs more than all the rest. */
  lookupsWaitingMax: 8192,
  /** A host opens one session at a time; a second one is a race or a clone, a third is an attack. */
  openingsPerHostMax: 2,
  /** Connections without a finished handshake, begun or not. Above it the oldest goes: a good peer finishes in milliseconds. */
  handshakesMax: 20_480,
  /** Connections whose handshake has not begun: some 10 kB each. Peers give up by themselves, after 15 seconds. */
  handshakesWaitingMax: 16_384,
  /** All connections: what a process may hold as file descriptors with room for the rest. */
  connectionsMax: 30_000,
  /** As long as an agent waits for us: who is cut before comes again at once, for another handshake. */
  handshakeDeadlineMs: 15 * SECOND_MS,
  headersDeadlineMs: 10 * SECOND_MS,
  /** 8 MiB within it is 0.6 Mbit/s: a slow line passes, a trickle does not. */
  requestDeadlineMs: 2 * MINUTE_MS,
  helloDeadlineMs: HELLO_DEADLINE_MS,
  heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
  silenceMaxMs: SESSION_SILENCE_MAX_MS,
  /** How often silent and expired sessions are looked for; half-open ones are found at most this much later. */
  sweepIntervalMs: 5 * SECOND_MS,
  /** A renewal takes two frames. */
  renewOnlyDeadlineMs: MINUTE_MS,
  /** How long the old session has to prove that it still lives. */
  challengeDeadlineMs: 10 * SECOND_MS,
  /** How long agents are asked to stay away when the server stops; they add jitter. */
  restartMs: SECOND_MS,
  /** Time for a close frame to be answered before the connection is cut. */
  closeDeadlineMs: 2 * SECOND_MS,
  headerBytesMax: bytes.kib(8),
  frameBytesMax: FRAME_BYTES_MAX,
  /** Unsent bytes of one session: one largest frame and a few small ones. Above it `send` says full. */
  sendBufferBytesMax: FRAME_BYTES_MAX + bytes.mib(2),
  /** What one session may send for good; above it the gateway stops reading from it for a while. */
  receiveBytesPerSecond: bytes.mib(4),
  /** A largest frame may come at once. */
  receiveBurstBytes: FRAME_BYTES_MAX + bytes.mib(6),
  /** Each frame counts at least this much, so small ones are limited to 2,000 a second. */
  receiveFrameBytesMin: bytes.kib(2),
  /** Fact reports of one session under way in the store; above it the gateway stops reading from it. */
  reportsInFlightMax: 4,
  /**
   * Reports of facts that one session may send at once, and for good. Each may open a row of history for every fact, so a
   * host that changes its mind without end would fill the disk; a busy one reports a few times a minute.
   */
  reportsBurst: 600,
  reportsPerSecond: 2,
  /** Frames that break the protocol before the session is refused. */
  protocolErrorsMax: 20,
  /** How long a host that was refused for them is asked to stay away. */
  hostileCoolOffMs: 5 * MINUTE_MS,
  /** A session without any offence for so long ends the finding of a hostile agent. */
  peaceMs: DAY_MS,
  enrolmentsInFlightMax: 64,
  /** Bodies of enrolments that are being said: of one place, and in all. A good peer has said it in one go. */
  enrolBodiesPerPlaceMax: 256,
  enrolBodiesMax: 4_096,
  /** Bodies under way: each may take its limit twice, encoded and decoded. */
  uploadsInFlightMax: 24,
  /** A fleet that says for the first time what it is: every host sends what only it has. */
  uploadsWaitingMax: 30_000,
  uploadsPerHostMax: 4,
  enrolBodyBytesMax: bytes.kib(32),
  factBodyBytesMax: FACT_BODY_BYTES_MAX,
  /** A task's output cap and its escapes in JSON. */
  outputBodyBytesMax: bytes.mib(16),
  clockSkewMaxMs: 5 * MINUTE_MS,
  timeIntervalMs: MINUTE_MS,
  /** A ticket opens a session without the private key, so it lives minutes. */
  ticketLifeMs: 5 * MINUTE_MS,
  ticketKeyLifeMs: 60 * MINUTE_MS,
} as const;

export type GatewayLimits = { readonly [K in keyof typeof GATEWAY_LIMITS]: number };
