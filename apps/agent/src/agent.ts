/**
 * The agent of one host, put together: identity, trust, journal, tasks, facts, one session. What each part does is told at
 * its head; this file only says who hears whom.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type AgentPlugin, createHostAccess } from '@pilothouse/agent-kit';
import type { Clock } from '@pilothouse/base';
import { AppError, TIME_TAG, toTimestamp } from '@pilothouse/contract';
import { PROTOCOL_VERSION, type ServerFrame } from '@pilothouse/wire';
import { type DataDirectory, writeDurably } from './data-directory.ts';
import { createFactBodies } from './facts/fact-bodies.ts';
import { createFactScheduler } from './facts/fact-scheduler.ts';
import { describeHost } from './identity/host-description.ts';
import { type HostIdentity, readIdentity } from './identity/host-identity.ts';
import { createRenewal } from './identity/renewal.ts';
import { openTrustStore, type TrustStore } from './identity/trust-store.ts';
import { Journal } from './journal/journal.ts';
import type { AgentLog } from './log.ts';
import { createMemoryRelease } from './release-memory.ts';
import { createDialler } from './session/dial.ts';
import { keepConnected } from './session/keep-connected.ts';
import { runSession, type SessionHandler, type SessionPeer } from './session/open-session.ts';
import { createUploads } from './session/uploads.ts';
import { createActionRegistry } from './tasks/action-registry.ts';
import { createOutputBodies } from './tasks/output-bodies.ts';
import { createServerTime } from './tasks/server-time.ts';
import { TaskRunner } from './tasks/task-runner.ts';
import { isSignedBy } from './tasks/verify-envelope.ts';
import { createVitals } from './vitals.ts';

export interface AgentOptions {
  readonly data: DataDirectory;
  readonly plugins: readonly AgentPlugin[];
  readonly proxy: URL | null;
  readonly hasScopes: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: AgentLog;
  readonly agentVersion: string;
}

export interface Agent {
  /** Resolves after `stop`. */
  readonly done: Promise<void>;
  /** Ends the session; tasks that would die with the agent are cancelled first, those in scopes of their own go on. */
  stop(): Promise<void>;
}

export function startAgent(options: AgentOptions): Agent {
  const { data, clock, log, random } = options;
  const { identity: enrolled, trust } = readEnrolment(data);
  let identity = enrolled;
  const isRoot = process.getuid?.() === 0;
  const host = describeHost();
  const processId = randomUUID();
  const abort = new AbortController();
  const dialler = createDialler({ proxy: options.proxy });
  const registry = createActionRegistry(options.plugins, { isRoot });
  const journal = Journal.open(data.journal);
  const serverTime = createServerTime(clock, journal.serverTimeFloorMs);
  const outputBodies = createOutputBodies(data.outputBodies);
  const isHeld = (): boolean => existsSync(data.hold);
  let toldHeld = isHeld();
  let peer: SessionPeer | null = null;
  let sessionUrl: string | null = null;

  const sessionTrust = () => ({
    authorities: trust.bundle.authorities,
    certificate: identity,
  });
  const runner = new TaskRunner({
    directory: data.tasks,
    undoDirectory: data.undo,
    journal,
    bodies: outputBodies,
    registry,
    clock,
    log,
    isRoot,
    hasScopes: options.hasScopes,
    serverTime,
    judge: () => ({
      hostId: identity.hostId,
      trustedKeys: trust.bundle.envelopeKeys,
      isHeld: isHeld(),
    }),
    send: (frame) => peer?.send(frame) ?? false,
  });
  const facts = createFactScheduler({
    collectors: options.plugins.flatMap((plugin) => plugin.collectors),
    bodies: createFactBodies(data.factBodies),
    clock,
    random,
    log,
    settled: createMemoryRelease(),
    report: (reports, collectedAt) => peer?.send({ kind: 'facts', reports, collectedAt }) ?? false,
  });
  const uploads = createUploads({
    dialler,
    log,
    target: () => (sessionUrl === null ? null : { url: new URL(sessionUrl), trust: sessionTrust() }),
    facts: async (digest) => facts.body(digest),
    outputs: async (digest) => outputBodies.get(digest)?.toString('utf8') ?? null,
    uploaded: (kind, digest) => {
      if (kind === 'outputs') outputBodies.remove(digest);
    },
  });
  const renewal = createRenewal({
    path: data.identity,
    clock,
    random,
    log,
    identity: () => identity,
    bundle: () => trust.bundle,
    serverTimeMs: () => serverTime.now(),
    adopt(next) {
      identity = next;
      dialler.forget();
    },
  });
  const readVitals = createVitals(createHostAccess(), clock, host.bootId);

  function noteStatus(kind: 'connected' | 'disconnected' | 'stopped', detail: string | null): void {
    const status = {
      kind,
      detail,
      since: toTimestamp(clock.now()),
      hostId: identity.hostId,
      pid: process.pid,
    };
    try {
      writeDurably(data.status, `${JSON.stringify(status)}\n`);
    } catch (cause) {
      // The status file is for people; a full disk must not end a session over it.
      log.warn('status could not be written', { cause: String(cause) });
    }
  }

  function receive(frame: ServerFrame, from: SessionPeer): void {
    switch (frame.kind) {
      case 'offer':
        return runner.offer(frame);
      case 'withdraw':
        return runner.withdraw(frame.taskId);
      case 'cancel':
        return runner.cancel(frame.taskId);
      case 'credit':
        return runner.credit(frame.taskId, frame.bytes);
      case 'outcome-saved':
        return runner.saved(frame);
      case 'facts-wanted':
        return uploads.want('facts', frame.digests);
      case 'outputs-wanted':
        return uploads.want('outputs', frame.digests);
      case 'collect':
        return facts.collect(frame.facts);
      case 'challenge':
        return void from.send({ kind: 'challenge-answer', nonce: frame.nonce });
      case 'certificate':
        return renewal.received(frame.chain, from);
      case 'trust': {
        for (const version of trust.adopt(frame.bundles)) {
          log.info('trust moved forward', { version });
          from.send({ kind: 'trust-adopted', version });
        }
        return;
      }
      case 'time': {
        const signature = { keyId: frame.keyId, value: frame.signature };
        if (isSignedBy(trust.bundle.envelopeKeys, TIME_TAG, frame.serverTime, [signature]))
          serverTime.learn(Date.parse(frame.serverTime));
        else log.warn('server time is not signed by a trusted key', { keyId: frame.keyId });
        return;
      }
      // The session itself has dealt with these.
      case 'welcome':
      case 'come-back':
      case 'renew-only':
      case 'refused':
    }
  }

  const handlerFor = (url: URL): SessionHandler => ({
    hello() {
      toldHeld = isHeld();
      return {
        kind: 'hello',
        protocol: PROTOCOL_VERSION,
        agentVersion: options.agentVersion,
        arch: host.arch,
        hostName: host.hostName,
        bootId: host.bootId,
        processId,
        clock: toTimestamp(clock.now()),
        trustVersion: trust.bundle.version,
        actions: Object.fromEntries([...registry.offered].map(([name, known]) => [name, known.schemaDigest])),
        actionsAbsent: Object.fromEntries(registry.absent),
        journal: runner.journalEntries(),
        isHeld: toldHeld,
      };
    },
    opened(frame, opened) {
      peer = opened;
      sessionUrl = url.origin;
      if (frame.kind === 'renew-only') return renewal.required(frame.reason, opened);
      log.info('session opened', { url: url.origin, hostId: frame.hostId, generation: frame.generation });
      noteStatus('connected', url.origin);
      runner.resend();
      facts.welcomed(frame.knownFacts);
    },
    frame: receive,
    vitals: readVitals,
    beat(from) {
      const held = isHeld();
      if (held !== toldHeld && from.send({ kind: 'hold-changed', isHeld: held })) toldHeld = held;
      renewal.beat(from);
    },
    closed() {
      peer = null;
      facts.disconnected();
      if (!abort.signal.aborted) noteStatus('disconnected', url.origin);
    },
  });

  facts.start();
  const done = keepConnected({
    urls: () => identity.urls,
    trust,
    dialler,
    clock,
    random,
    log,
    signal: abort.signal,
    session: (url) =>
      runSession({
        url,
        trust: sessionTrust(),
        dialler,
        clock,
        log,
        handler: handlerFor(url),
        signal: abort.signal,
      }),
  });
  return {
    done,
    async stop() {
      facts.stop();
      await runner.stop();
      abort.abort();
      await done;
      journal.close();
      noteStatus('stopped', null);
    },
  };
}

function readEnrolment(data: DataDirectory): { identity: HostIdentity; trust: TrustStore } {
  const identity = readIdentity(data.identity);
  const trust = openTrustStore(data.trust);
  if (identity === null || trust === null) throw new AppError('AGENT_NOT_ENROLLED', { path: data.path });
  return { identity, trust };
}
