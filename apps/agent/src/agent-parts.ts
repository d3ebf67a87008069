/** The parts of an agent that outlive its sessions, opened on a data directory. Which frames reach them is told elsewhere. */
import { type AgentPlugin, createHostAccess, type HostAccess } from '@pilothouse/agent-kit';
import type { Clock } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import { type AuditWitness, createAuditWitness } from './audit-witness.ts';
import { type DataDirectory, mayBeThere } from './data-directory.ts';
import { createDiskStat } from './disk-stat.ts';
import { createFactBodies } from './facts/fact-bodies.ts';
import type { FactCollection } from './facts/fact-collection.ts';
import { createFactScheduler, type FactScheduler, type FactSigns } from './facts/fact-scheduler.ts';
import { changedAt, sourceSignature } from './facts/source-signature.ts';
import { describeHost } from './identity/host-description.ts';
import { type HostIdentity, readIdentity } from './identity/host-identity.ts';
import { createRenewal, type Renewal } from './identity/renewal.ts';
import { openTrustStore, type TrustStore } from './identity/trust-store.ts';
import { openHistoryFile } from './journal/history-file.ts';
import { Journal } from './journal/journal.ts';
import { openUndoRecords, type UndoRecords } from './journal/undo-records.ts';
import { createAgentRegistry } from './kernel-actions/create-agent-registry.ts';
import type { AgentLog } from './log.ts';
import { createGatekeeper, type Gatekeeper } from './policy/gatekeeper.ts';
import { openTrustPolicyFile } from './policy/trust-policy-file.ts';
import { createProbeAnswers, type ProbeAnswers } from './probes/answer-probes.ts';
import { verifyProbe } from './probes/verify-probe.ts';
import { createKernelReader } from './read-kernel-file.ts';
import { createMemoryRelease } from './release-memory.ts';
import { createDialler, type Dialler, type DialTrust } from './session/dial.ts';
import { SessionLink } from './session/session-link.ts';
import { createUploads, type Uploads } from './session/uploads.ts';
import { watchSession } from './session/watch-session.ts';
import type { ActionRegistry } from './tasks/action-registry.ts';
import { createOutputBodies, type OutputBodies } from './tasks/output-bodies.ts';
import { createServerTime, type ServerTime } from './tasks/server-time.ts';
import { TaskRunner } from './tasks/task-runner.ts';
import type { EnvelopeJudge } from './tasks/verify-envelope.ts';

export interface AgentOptions {
  readonly data: DataDirectory;
  readonly plugins: readonly AgentPlugin[];
  readonly collection: FactCollection;
  readonly proxy: URL | null;
  /** Gateways to try instead of those the identity names; empty: those. */
  readonly servers: readonly string[];
  readonly hasScopes: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: AgentLog;
  readonly agentVersion: string;
}

export interface AgentParts {
  identity(): HostIdentity;
  readonly trust: TrustStore;
  readonly dialler: Dialler;
  /** How sessions and uploads prove who is who. */
  sessionTrust(): DialTrust;
  readonly link: SessionLink;
  readonly registry: ActionRegistry;
  readonly journal: Journal;
  readonly serverTime: ServerTime;
  readonly runner: TaskRunner;
  readonly probes: ProbeAnswers;
  readonly facts: FactScheduler;
  readonly uploads: Uploads;
  readonly renewal: Renewal;
  readonly witness: AuditWitness;
  /** Shared by all that ask, so that a file system that hangs holds one of them. */
  readonly statFileSystem: HostAccess['statFileSystem'];
  /** After whatever may have left garbage. */
  releaseSoon(): void;
  /** Whether the host refuses all tasks, by a file on it. */
  isHeld(): boolean;
}

/** AppError AGENT_NOT_ENROLLED when the directory holds no identity. */
export function openAgentParts(options: AgentOptions): AgentParts {
  const { data, clock, log, random } = options;
  const { identity: enrolled, trust } = readEnrolment(data);
  let identity = enrolled;
  const link = new SessionLink();
  const dialler = createDialler({ proxy: options.proxy });
  const { journal, undo, registry } = openRecords(options);
  const serverTime = createServerTime(clock, journal.serverTimeFloorMs);
  const bodies = createOutputBodies(data.outputBodies);
  const file = openTrustPolicyFile(data.trustPolicy, process.getuid?.() ?? 0);
  const gatekeeper = createGatekeeper({ file, registry, journal, clock, serverTime });
  const isHeld = (): boolean => mayBeThere(data.hold);
  const sessionTrust = (): DialTrust => ({ authorities: trust.bundle.authorities, certificate: identity });
  const judge = () => ({
    hostId: identity.hostId,
    trustedKeys: trust.bundle.envelopeKeys,
    isHeld: isHeld(),
  });
  const around = { link, registry, gatekeeper, serverTime, judge };
  const hostId = (): string => identity.hostId;
  const collectAgain = (changed: readonly string[]): void => facts.collect(changed);
  const runner = openRunner(options, { ...around, hostId, journal, undo, bodies, collectAgain });
  const probes = createProbeAnswers({
    clock,
    send: (frame) => link.send(frame),
    verify: (envelope) => verifyProbe(envelope, { ...around, judge: judge() }),
  });
  const releaseSoon = createMemoryRelease(clock);
  const statFileSystem = createDiskStat(createHostAccess(), clock);
  const facts = createFactScheduler({
    signs: signsOf(options.plugins, statFileSystem),
    collection: options.collection,
    bodies: createFactBodies(data.factBodies),
    clock,
    random,
    log,
    settled: releaseSoon,
    report: (reports, collectedAt, bodies) => link.send({ kind: 'facts', reports, collectedAt, bodies }),
  });
  const uploads = createUploads({
    dialler,
    clock,
    log,
    target: () => (link.url === null ? null : { url: link.url, trust: sessionTrust() }),
    facts: (digest) => facts.body(digest),
    outputs: async (digest) => bodies.get(digest)?.toString('utf8') ?? null,
    uploaded: (kind, digest) => {
      if (kind === 'outputs') bodies.remove(digest);
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
    mustKeepId: () => gatekeeper.isStrict(),
    adopt(next) {
      identity = next;
      dialler.forget();
    },
  });
  const witness = createAuditWitness(data.auditCheckpoint, log);
  const connection = { trust, dialler, sessionTrust, link };
  const parts = { ...connection, registry, journal, serverTime, witness, statFileSystem };
  return { ...parts, identity: () => identity, releaseSoon, runner, probes, facts, uploads, renewal, isHeld };
}

/** What tells of a change between two collections. */
const signsOf = (
  plugins: readonly AgentPlugin[],
  statFileSystem: HostAccess['statFileSystem'],
): FactSigns => ({
  signatureOf: sourceSignature,
  watches: plugins.flatMap((plugin) => plugin.watches ?? []),
  host: { ...createHostAccess(), statFileSystem, changedAt, readNow: createKernelReader() },
});

/** What this host did, what it could take back, and what it can do. */
function openRecords({ data, clock, plugins }: AgentOptions) {
  const journal = Journal.open(data.journal);
  const undo = openUndoRecords({
    directory: data.undo,
    now: () => clock.now(),
    isOpen: (planDigest) => isOpenPlan(journal, planDigest),
  });
  const registry = createAgentRegistry(plugins, {
    isRoot: isRoot(),
    undo,
    drainDirectory: data.drains,
  });
  return { journal, undo, registry };
}

const isRoot = (): boolean => process.getuid?.() === 0;

function openRunner(
  options: AgentOptions,
  parts: Pick<AgentParts, 'link' | 'registry' | 'journal' | 'serverTime'> & {
    readonly gatekeeper: Gatekeeper;
    readonly hostId: () => string;
    readonly collectAgain: (facts: readonly string[]) => void;
    readonly bodies: OutputBodies;
    readonly undo: UndoRecords;
    readonly judge: () => Pick<EnvelopeJudge, 'hostId' | 'trustedKeys' | 'isHeld'>;
  },
): TaskRunner {
  const { data, clock, log, hasScopes } = options;
  const { link, hostId, ...rest } = parts;
  return new TaskRunner({
    ...rest,
    directory: data.tasks,
    history: openHistoryFile({ path: data.history, hostId, log }),
    bootId: describeHost().bootId,
    session: watchSession(link, clock),
    clock,
    log,
    isRoot: isRoot(),
    hasScopes,
    send: (frame) => link.send(frame),
  });
}

const isOpenPlan = (journal: Journal, planDigest: string): boolean =>
  [...journal.tasks.values()].some(({ started }) => started.planDigest === planDigest);

function readEnrolment(data: DataDirectory): { identity: HostIdentity; trust: TrustStore } {
  const identity = readIdentity(data.identity);
  const trust = openTrustStore(data.trust);
  if (identity === null || trust === null) throw new AppError('AGENT_NOT_ENROLLED', { path: data.path });
  return { identity, trust };
}
