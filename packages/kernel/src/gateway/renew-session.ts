import type { HostId } from '@pilothouse/contract';
import { type AgentFrameOf, parseAgentFrame, type ServerFrame } from '@pilothouse/wire';
import type { RawData } from 'ws';
import type { Desk } from './accept-upgrade.ts';
import { endSocket, textOf } from './agent-session.ts';
import type { SessionSocket } from './session-socket.ts';

/**
 * A session that can do nothing but renew: the host is not online by it, no room hears of it, and it ends by itself. It is
 * how a host comes back after its certificate expired, its authority was retired, or it took over another host's identity.
 */
export async function runRenewSession(
  desk: Desk,
  session: {
    readonly socket: SessionSocket;
    readonly hostId: HostId;
    readonly hello: AgentFrameOf<'hello'>;
    readonly reason: 'expired' | 'rotated' | 'replaced';
  },
): Promise<void> {
  const { limits, sessions } = desk;
  const { context, enrolment } = desk.deps;
  const { socket, hostId, hello, reason } = session;
  const generation = sessions.nextGeneration();
  const send = (frame: ServerFrame): void => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame));
  };

  send({ kind: 'renew-only', generation, reason });
  send({ ...sessions.timeFrame(), generation });
  const bundles = enrolment.trustBundles(hello.trustVersion);
  if (bundles.length > 0) send({ kind: 'trust', generation, bundles: [...bundles] });

  const end = (): void => {
    if (socket.readyState === socket.OPEN) {
      endSocket(socket, null, { clock: context.clock, deadlineMs: limits.closeDeadlineMs });
    }
  };
  const cancel = context.clock.after(limits.renewOnlyDeadlineMs, end);
  const receive = async (data: RawData): Promise<void> => {
    const parsed = parseAgentFrame(textOf(data));
    if (!parsed.ok) return end();
    const frame = parsed.value;
    if (frame.kind === 'hello' || frame.generation !== generation) return;
    if (frame.kind === 'trust-adopted') return enrolment.noteTrust(hostId, frame.version);
    if (frame.kind !== 'renew') return;
    const renewed = await enrolment.renew(hostId, frame.csr);
    context.log.info('renewed a host that had to', { hostId, reason });
    send({ kind: 'certificate', generation, chain: renewed.chain });
  };
  let tail = Promise.resolve();
  socket.on('message', (data) => {
    tail = tail
      .then(() => receive(data))
      .catch((cause: unknown) => {
        context.log.warn('a renewal failed', { hostId, cause });
        end();
      });
  });
  await new Promise<void>((resolve) => socket.once('close', resolve));
  cancel();
}
