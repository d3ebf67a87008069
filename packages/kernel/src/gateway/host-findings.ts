import { SECOND_MS } from '@pilothouse/base';
import { gatewayFindings, type JsonObject, toTimestamp } from '@pilothouse/contract';
import type { AgentSession } from './agent-session.ts';
import type { GatewayDeps } from './gateway-deps.ts';
import { KeyedQueue } from './keyed-queue.ts';
import type { GatewayLimits } from './limits.ts';
import type { CloneSeen } from './session-table.ts';

/** A store that is away, or has more waiting than it takes, is back within minutes. */
const QUARANTINE_AGAIN_MS = 5 * SECOND_MS;
const QUARANTINE_TRIES_MAX = 60;

/** What the gateway has to say of hosts: clocks that are off, clones, agents that break the protocol. */
export interface HostFindings {
  /** Compares the host's clock with ours; speaks only when the answer changed within the session, until it was heard. */
  clock(session: AgentSession, hostClock: string): void;
  /** Says once in a session that has kept to the protocol for long that its agent is not hostile any more. */
  peace(session: AgentSession): void;
  clone(seen: CloneSeen): void;
  hostile(session: AgentSession, problem: string): void;
}

export function createHostFindings(deps: GatewayDeps, limits: GatewayLimits): HostFindings {
  const { context, findings, hosts } = deps;
  const inBackground: InBackground = (text, hostId, work) => {
    work.catch((cause: unknown) => context.log.error(text, { hostId, cause }));
  };

  return {
    ...sessionFindings(deps, limits, inBackground),

    clone(seen) {
      const { hostId, proof, sessions } = seen;
      const evidence: JsonObject = {
        proof,
        addresses: sessions.map((session) => session.address),
        bootIds: sessions.map((session) => session.hello.bootId),
        processIds: sessions.map((session) => session.hello.processId),
        names: sessions.map((session) => session.hello.hostName),
      };
      context.log.warn('two machines use one identity', { hostId, ...evidence });
      const quarantine = (): Promise<void> =>
        context.store.transaction(async (transaction) => {
          if (hosts.index.get(hostId)?.state !== 'quarantined') {
            await hosts.quarantine(transaction, hostId, 'clone');
          }
          await findings.raise(transaction, { kind: gatewayFindings.clone.kind, hostId, key: '', evidence });
        });
      const attempt = (left: number): void =>
        inBackground(
          'quarantine a cloned host',
          hostId,
          quarantine().catch((cause: unknown) => {
            // Two machines are proved once: nothing would say it again before one of them dials anew.
            if (left > 1) context.clock.after(QUARANTINE_AGAIN_MS, () => attempt(left - 1));
            throw cause;
          }),
        );
      attempt(QUARANTINE_TRIES_MAX);
    },

    hostile(session, problem) {
      const { hostId, protocolErrors, address } = session;
      const evidence: JsonObject = {
        count: protocolErrors,
        problem,
        address,
        agentVersion: session.hello.agentVersion,
        at: toTimestamp(context.clock.now()),
      };
      context.log.warn('refused an agent that breaks the protocol', { hostId, ...evidence });
      const raise = context.store.transaction((transaction) =>
        findings.raise(transaction, {
          kind: gatewayFindings.hostileAgent.kind,
          hostId,
          key: '',
          evidence,
        }),
      );
      inBackground('raise the finding of a hostile agent', hostId, raise);
    },
  };
}

type InBackground = (text: string, hostId: string, work: Promise<void>) => void;

/** What a session says again and again of itself, and is written where it changes. */
function sessionFindings(
  { context, findings }: GatewayDeps,
  limits: GatewayLimits,
  inBackground: InBackground,
): Pick<HostFindings, 'clock' | 'peace'> {
  /** Of one host in the order in which it was seen: what is well again must not be overtaken by what was wrong. */
  const inOrder = new KeyedQueue();
  return {
    clock(session, hostClock) {
      const skewMs = Date.parse(hostClock) - context.clock.now();
      const isSkewed = Math.abs(skewMs) > limits.clockSkewMaxMs;
      if (session.isSkewed === isSkewed) return;
      const said = session.isSkewed;
      session.isSkewed = isSkewed;
      const evidence: JsonObject = { skewSeconds: Math.round(skewMs / SECOND_MS) };
      const now = isSkewed ? [{ key: '', evidence }] : [];
      const { kind } = gatewayFindings.clockSkew;
      inBackground(
        'say whether the clock is off',
        session.hostId,
        inOrder
          .run(session.hostId, () => findings.reconcile(kind, session.hostId, now))
          .catch((cause: unknown) => {
            // Nobody has heard it: the next heartbeat says it again.
            if (session.isSkewed === isSkewed) session.isSkewed = said;
            throw cause;
          }),
      );
    },

    peace(session) {
      const { hostId, protocolErrors } = session;
      const ageMs = context.clock.monotonic() - session.openedAt;
      if (session.isAtPeace || protocolErrors > 0 || ageMs < limits.peaceMs) return;
      session.isAtPeace = true;
      const { kind } = gatewayFindings.hostileAgent;
      inBackground(
        'say that an agent is not hostile any more',
        hostId,
        inOrder
          .run(hostId, () => findings.reconcile(kind, hostId, []))
          .catch((cause: unknown) => {
            session.isAtPeace = false;
            throw cause;
          }),
      );
    },
  };
}
