import { SECOND_MS } from '@pilothouse/base';
import { gatewayFindings, type JsonObject, toTimestamp } from '@pilothouse/contract';
import type { AgentSession } from './agent-session.ts';
import type { GatewayDeps } from './gateway-deps.ts';
import type { GatewayLimits } from './limits.ts';
import type { CloneSeen } from './session-table.ts';

/** What the gateway has to say of hosts: clocks that are off, clones, agents that break the protocol. */
export interface HostFindings {
  /** Compares the host's clock with ours; speaks only when the answer changed within the session. */
  clock(session: AgentSession, hostClock: string): void;
  clone(seen: CloneSeen): void;
  hostile(session: AgentSession, problem: string): void;
}

export function createHostFindings(deps: GatewayDeps, limits: GatewayLimits): HostFindings {
  const { context, findings, hosts } = deps;
  const inBackground = (text: string, hostId: string, work: Promise<void>): void => {
    work.catch((cause: unknown) => context.log.error(text, { hostId, cause }));
  };

  return {
    clock(session, hostClock) {
      const skewMs = Date.parse(hostClock) - context.clock.now();
      const isSkewed = Math.abs(skewMs) > limits.clockSkewMaxMs;
      if (session.isSkewed === isSkewed) return;
      session.isSkewed = isSkewed;
      const evidence: JsonObject = { skewSeconds: Math.round(skewMs / SECOND_MS) };
      const now = isSkewed ? [{ key: '', evidence }] : [];
      const { kind } = gatewayFindings.clockSkew;
      inBackground(
        'say whether the clock is off',
        session.hostId,
        findings.reconcile(kind, session.hostId, now),
      );
    },

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
      const quarantine = context.store.transaction(async (transaction) => {
        if (hosts.index.get(hostId)?.state !== 'quarantined') {
          await hosts.quarantine(transaction, hostId, 'clone');
        }
        await findings.raise(transaction, { kind: gatewayFindings.clone.kind, hostId, key: '', evidence });
      });
      inBackground('quarantine a cloned host', hostId, quarantine);
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
