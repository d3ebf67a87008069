import type { HostId } from '@pilothouse/contract';
import type { AgentFrame, AgentFrameOf, ServerFrame } from '@pilothouse/wire';

/** A frame without its generation: the gateway adds the session's own. */
export type OutgoingFrame = ServerFrame extends infer F
  ? F extends { generation: number }
    ? Omit<F, 'generation'>
    : never
  : never;

export interface OpenSession {
  readonly hostId: HostId;
  readonly generation: number;
  readonly hello: AgentFrameOf<'hello'>;
}

/** Rooms that live on sessions register one of these. Handlers must not wait on the network. */
export interface SessionListener {
  /** After `welcome`; not for renew-only sessions. */
  opened?(session: OpenSession): void;
  frame?(session: OpenSession, frame: AgentFrame): void;
  /** It has collected what it was asked for under this id, and what it reported of it is stored. */
  collected?(session: OpenSession, askId: string): void;
  closed?(session: OpenSession): void;
  /** A body came by PUT /agent/v1/outputs/{digest}; digest and size are checked, the schema is not. */
  outputBody?(hostId: HostId, digest: string, body: Uint8Array): Promise<void>;
}

/** Live sessions of agents. */
export interface GatewayService {
  /**
   * offline: no session, or an `offer` to a host that is not active. full: its bounded queue is; the caller tries again
   * when it drains or forgets it.
   */
  send(hostId: HostId, frame: OutgoingFrame): 'sent' | 'offline' | 'full';
  session(hostId: HostId): OpenSession | null;
  listen(listener: SessionListener): void;
  /** Ends the host's session at once, for revocation and decommissioning; a code that may be retried asks it to come back. */
  cut(hostId: HostId, code: string): void;
  /**
   * A host said what no honest agent says: a word about another host's task, a body that is not what its name says. Counts
   * like a frame that breaks the protocol: again and again is a finding, and the host is asked to stay away.
   */
  suspect(hostId: HostId, problem: string): void;
  readonly sessionsCount: number;
}
