/** For tests: a gateway with real TLS on loopback over real rooms, and agents that do what the test says. */
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Actor, AuditCheckpoint, EnrolmentTokenRecord, NewEnrolmentToken } from '@pilothouse/contract';
import { AppError, EnrolmentToken } from '@pilothouse/contract';
import { openTestStore } from '@pilothouse/store/test-store';
import { type FakeClock, fakeClock } from '@pilothouse/testkit/fake-clock';
import { type EnrolRequest, EnrolResponse, GATEWAY_PATHS } from '@pilothouse/wire';
import type { AuditService, NewAuditRecord } from '../../audit/service.ts';
import {
  createEnrolment,
  createToken,
  type Enrolment,
  enrolmentMigrations,
  openKeyFiles,
  openTrust,
} from '../../enrolment/index.ts';
import { newKeyPair, privateKeyPem } from '../../enrolment/issue-certificate.ts';
import { Pkcs10CertificateRequestGenerator } from '../../enrolment/x509.ts';
import type { NewEvent } from '../../events/service.ts';
import type { FactsService } from '../../facts/service.ts';
import type { FindingsService, RaisedFinding } from '../../findings/service.ts';
import { createHosts, type HostsService, hostsMigrations } from '../../hosts/index.ts';
import type { KernelContext } from '../../kernel-context.ts';
import { silentLog } from '../../log.ts';
import { recordingEvents } from '../../open-test-context.ts';
import { createGateway, type Gateway } from '../create-gateway.ts';
import type { GatewayLimits } from '../limits.ts';
import { createTicketKeys } from '../ticket-keys.ts';

export const PERSON: Actor = { kind: 'user', id: 'u_1', name: 'ada' };
export const BY_PERSON = { actor: PERSON, requestId: null };

/** A key pair and what enrolment made of it. */
export interface TestIdentity {
  readonly keyPem: string;
  readonly certPem: string;
  readonly hostId: string;
  readonly state: 'active' | 'pending';
}

export interface TestGateway {
  readonly port: number;
  readonly clock: FakeClock;
  readonly context: KernelContext;
  readonly hosts: HostsService;
  readonly enrolment: Enrolment;
  readonly gateway: Gateway;
  readonly findings: RaisedFinding[];
  /** Kinds of which it was said that nothing is wrong. */
  readonly resolved: string[];
  /** Findings are refused. */
  isStoreAway: boolean;
  /** Called when a finding that was raised is refused. */
  refused: () => void;
  readonly audit: NewAuditRecord[];
  readonly events: NewEvent[];
  /** Bodies by digest, as the facts room got them. */
  readonly bodies: Map<string, Uint8Array>;
  /** What the audit room would have signed last. */
  checkpoint: AuditCheckpoint | null;
  token(wish?: Partial<NewEnrolmentToken>): Promise<{ record: EnrolmentTokenRecord; secret: string }>;
  /** Enrols over HTTPS. */
  enrol(request?: Partial<EnrolRequest>): Promise<TestIdentity>;
  ca(): string;
  close(): Promise<void>;
}

export async function newCsr(): Promise<{ csr: string; keyPem: string }> {
  const keys = await newKeyPair();
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=agent',
    keys,
    signingAlgorithm: algorithm,
  });
  return { csr: csr.toString('pem'), keyPem: await privateKeyPem(keys.privateKey) };
}

function fakeFacts(
  bodies: Map<string, Uint8Array>,
): Pick<FactsService, 'report' | 'putBody' | 'knownDigests'> {
  return {
    report: async (_hostId, reports) =>
      reports.flatMap((report) =>
        report.kind === 'present' && !bodies.has(report.digest) ? [report.digest] : [],
      ),
    async putBody(_hostId, digest, body) {
      bodies.set(digest, body);
    },
    knownDigests: () => ({}),
  };
}

/** The rooms that only hear of things, and what they heard. */
function recording(world: () => Pick<TestGateway, 'isStoreAway' | 'refused'>) {
  const audit: NewAuditRecord[] = [];
  const events: NewEvent[] = [];
  const findings: RaisedFinding[] = [];
  const resolved: string[] = [];
  const auditService: Pick<AuditService, 'append'> = {
    append: async (transaction, records) => transaction.afterCommit(() => audit.push(...records)),
  };
  const eventsService = recordingEvents(events);
  const findingsService: Pick<FindingsService, 'raise' | 'reconcile'> = {
    async raise(_transaction, finding) {
      if (world().isStoreAway) {
        world().refused();
        throw new AppError('STORE_AWAY');
      }
      findings.push(finding);
    },
    async reconcile(kind, hostId, now) {
      if (world().isStoreAway) throw new AppError('STORE_AWAY');
      if (now.length === 0) resolved.push(kind);
      findings.push(...now.map((finding) => ({ ...finding, kind, hostId })));
    },
  };
  return { audit, events, findings, resolved, auditService, eventsService, findingsService };
}

export async function openTestGateway(
  tightened: Partial<GatewayLimits> = {},
  trustedProxies: readonly string[] = [],
): Promise<TestGateway> {
  const directory = await mkdtemp(join(tmpdir(), 'pilothouse-gateway-'));
  // Peers judge certificates by the machine's own time, so the clock starts there.
  const clock = fakeClock(Date.now());
  const store = await openTestStore();
  await store.migrate([hostsMigrations, enrolmentMigrations]);
  const ids = { now: () => clock.now(), fill: (target: Uint8Array) => crypto.getRandomValues(target) };
  const context: KernelContext = { clock, store, log: silentLog, ids };
  const recorded = recording(() => test);
  const { hosts } = await createHosts(context, {
    events: recorded.eventsService,
    factBody: () => null,
    resolveFindings: async () => {},
  });
  const keyFiles = await openKeyFiles(join(directory, 'keys'));
  const trust = await openTrust(context, keyFiles);
  const enrolment = await createEnrolment({
    context,
    trust,
    keyFiles,
    hosts,
    events: recorded.eventsService,
    audit: recorded.auditService,
    gatewayUrls: () => [`https://127.0.0.1:${port}`],
    restoredFrom: null,
    serverNames: ['localhost', '127.0.0.1', '::1'],
  });
  const bodies = new Map<string, Uint8Array>();
  const gateway = await createGateway(
    {
      context,
      enrolment: enrolment.service,
      hosts,
      facts: fakeFacts(bodies),
      findings: recorded.findingsService,
      ticketKeys: createTicketKeys(keyFiles, clock, 3_600_000),
      latestCheckpoint: () => test.checkpoint,
      trustedProxies,
    },
    tightened,
  );
  const port: number = await gateway.listen({ host: '127.0.0.1', port: 0 });
  const ca = (): string => trust.authority.pem;
  const test: TestGateway = {
    ...recorded,
    isStoreAway: false,
    refused: () => {},
    port,
    clock,
    context,
    hosts,
    enrolment,
    gateway,
    bodies,
    checkpoint: null,
    ca,
    token: (wish = {}) => newToken(enrolment, wish),
    enrol: async (wish = {}) => enrolAt(test, { secret: (await test.token()).secret, ...wish }),
    async close() {
      await gateway.close();
      await enrolment.service.close();
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
  return test;
}

async function newToken(enrolment: Enrolment, wish: Partial<NewEnrolmentToken>) {
  const full = { name: 't', usesMax: 1, lifeSeconds: 3600, labels: {}, groups: [], needsApproval: false };
  const made = await createToken(enrolment.deps, { ...full, ...wish }, BY_PERSON);
  const text = Buffer.from(made.token.slice('pht1.'.length), 'base64url').toString('utf8');
  return { record: made.record, secret: EnrolmentToken.parse(JSON.parse(text)).secret };
}

export async function enrolAt(
  test: Pick<TestGateway, 'port' | 'ca'>,
  wish: Partial<EnrolRequest> & Pick<EnrolRequest, 'secret'>,
): Promise<TestIdentity> {
  const { csr, keyPem } = await newCsr();
  const body = { ...enrolRequest(csr), ...wish };
  const answer = await call(test, { method: 'POST', path: GATEWAY_PATHS.enrol, body: JSON.stringify(body) });
  if (answer.status !== 200) throw new Error(answer.text);
  const { hostId, state, chain } = EnrolResponse.parse(JSON.parse(answer.text));
  return { keyPem, certPem: chain.join(''), hostId, state };
}

export const enrolRequest = (csr: string): Omit<EnrolRequest, 'secret'> => ({
  csr,
  hostName: 'web-1',
  arch: 'x86_64',
  machineId: crypto.randomUUID(),
  bootId: 'boot-1',
  agentVersion: '0.1.0',
});

export interface TestCall {
  readonly method: string;
  readonly path: string;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
  readonly identity?: TestIdentity;
}

/** One HTTPS request on a connection of its own. */
export function call(
  test: Pick<TestGateway, 'port' | 'ca'>,
  wish: TestCall,
): Promise<{ status: number; text: string; headers: Record<string, unknown> }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number;
    text: string;
    headers: Record<string, unknown>;
  }>();
  const outgoing = request(
    {
      host: '127.0.0.1',
      port: test.port,
      ca: test.ca(),
      method: wish.method,
      path: wish.path,
      headers: wish.headers ?? {},
      agent: false,
      ...(wish.identity === undefined ? {} : { key: wish.identity.keyPem, cert: wish.identity.certPem }),
    },
    (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, text, headers: incoming.headers }),
      );
      incoming.on('error', reject);
    },
  );
  outgoing.on('error', reject);
  outgoing.end(wish.body);
  return promise;
}
