import { toTimestamp, type Vitals } from '@pilothouse/contract';
import { AGENT_CAPABILITIES, PROTOCOL_VERSION } from '@pilothouse/wire';
import type { AgentOptions, AgentParts } from '../agent-parts.ts';
import type { HostDescription } from '../identity/host-description.ts';
import { writeStatus } from '../write-status.ts';
import { handleFrame } from './handle-frame.ts';
import { createHoldWord } from './hold-word.ts';
import type { SessionHandler } from './open-session.ts';

/** Every host hears these every minute or so, and they leave nothing behind that is worth a collection. */
const LIGHT_FRAMES: ReadonlySet<string> = new Set([
  'time',
  'checkpoint',
  'challenge',
  'credit',
  'outcome-saved',
]);

/** What a session to `url` means to the rest of the agent. */
export function createSessionHandler(
  url: URL,
  world: {
    readonly options: AgentOptions;
    readonly parts: AgentParts;
    readonly host: HostDescription;
    readonly processId: string;
    readonly vitals: () => Promise<Vitals>;
  },
): SessionHandler {
  const { options, parts, host, processId, vitals } = world;
  const { clock, log } = options;
  let since = toTimestamp(clock.now());
  const holdWord = createHoldWord({
    data: options.data,
    isHeld: () => parts.isHeld(),
    told: (isHeld) => writeStatus({ kind: 'connected', detail: url.origin, since, isHeld }, options),
  });
  return {
    vitals,
    hello() {
      const { offered, absent } = parts.registry;
      return {
        kind: 'hello',
        protocol: PROTOCOL_VERSION,
        agentVersion: options.agentVersion,
        arch: host.arch,
        hostName: host.hostName,
        bootId: host.bootId,
        processId,
        clock: toTimestamp(clock.now()),
        trustVersion: parts.trust.bundle.version,
        actions: Object.fromEntries([...offered].map(([name, known]) => [name, known.schemaDigest])),
        actionsAbsent: Object.fromEntries([...absent].map(([name, { en }]) => [name, en])),
        ...(absent.size === 0 ? {} : { actionsAbsentWhy: Object.fromEntries(absent) }),
        journal: parts.runner.journalEntries(),
        isHeld: holdWord.hello(),
        capabilities: [...AGENT_CAPABILITIES],
      };
    },
    opened(frame, peer) {
      if (frame.kind === 'renew-only') return parts.renewal.required(frame.reason, peer);
      const { hostId, generation, serverTime } = frame;
      parts.link.opened(peer, url, { serverMs: Date.parse(serverTime), monotonicMs: clock.monotonic() });
      log.info('session opened', { url: url.origin, hostId, generation });
      since = toTimestamp(clock.now());
      holdWord.opened(peer);
      parts.runner.resend();
      parts.facts.welcomed(frame.knownFacts);
      parts.releaseSoon();
    },
    frame(frame, peer) {
      handleFrame(frame, { parts, peer, log });
      if (!LIGHT_FRAMES.has(frame.kind)) parts.releaseSoon();
    },
    beat(peer) {
      holdWord.beat(peer);
      parts.renewal.beat(peer);
    },
    closed() {
      holdWord.closed();
      parts.link.closed();
      parts.facts.disconnected();
      writeStatus({ kind: 'disconnected', detail: url.origin }, options);
    },
  };
}
