import { bytes, SECOND_MS } from '@pilothouse/base';

/** Every bound between fronts and leader, in one place. */
export const FRONT_LIMITS = {
  /** One message on the link: a largest frame in the widest UTF-8, and room. More is no message of ours. */
  messageBytesMax: bytes.mib(64),
  /** Unsent bytes of a link. Above it a front reads no further from whoever sends, and the leader's sends are full. */
  linkBytesWaitingMax: bytes.mib(32),
  /** Bytes that an agent's connection has taken before the front says so: often enough for the leader's own bound. */
  takenBytesStep: bytes.kib(256),
  /** Frames of one session that nobody has listened to yet: hello, and what an impatient peer sends after it. */
  unheardFramesMax: 16,
  /** How often a front looks for a leader. A connection to a socket that is not there costs next to nothing. */
  leaderRetryMs: 100,
  /** The same where the way leads over a network and its beginning has to be asked for. */
  farRetryMs: 250,
  /** Who does not answer in this time vanished without a word. */
  farConnectMs: 2 * SECOND_MS,
  /** How often a front looks whether another machine leads, since a link to one that vanished stays open. */
  leaderLookMs: SECOND_MS,
  /** How often a leader says on a link to another machine that it lives, and the silence after which a front gives it up. */
  aliveMs: SECOND_MS,
  leaderSilentMs: 4 * SECOND_MS,
  /** A front says every `statsIntervalMs` how it is. After this silence its sessions are as lost as it is. */
  frontSilentMs: 8 * SECOND_MS,
  /** Connections from other machines: their fronts' requests at the same time, with room, and no more than a process may hold. */
  farConnectionsMax: 16_000,
  farHandshakeMs: 5 * SECOND_MS,
  /** How long a request or an agent at a front waits for a leader; a change-over takes a few seconds. */
  leaderWaitMs: 15 * SECOND_MS,
  /** Who waits so, in all, of either kind. Each holds a connection, and a request its body. More are told to come again. */
  requestsWaitingMax: 1_000,
  arrivalsWaitingMax: 4_096,
  /** What whoever found no leader is told to wait. */
  retryAfterSeconds: 2,
  /** A body up to this size is kept until the answer is there, so that the request can be sent to the next leader. */
  keptBodyBytesMax: bytes.mib(1),
  /** Leaders with which a request may be lost after the first: one that ends leaders must not end all of them. */
  requestRepeatsMax: 3,
  /** Requests under way from one front to the leader, streams among them: what the leader answers at once, people's and strangers'. */
  requestsMax: 3_072,
  /** How long a leader that leaves waits for the word of its fronts that nothing more will come. */
  heldDeadlineMs: SECOND_MS,
  /** How long a process that leaves waits for requests under way. */
  requestsDeadlineMs: 10 * SECOND_MS,
  /** After `come-back` when the leader has gone: at once for the first, and this much later for each that a front holds. */
  comeBackMs: 500,
  comeBackSpreadMsPerSession: 1.5,
  /** How often a front says how it is. */
  statsIntervalMs: 2 * SECOND_MS,
  /** API connections of one front: what a process may hold as descriptors, with room for agents. */
  apiConnectionsMax: 10_000,
} as const;
