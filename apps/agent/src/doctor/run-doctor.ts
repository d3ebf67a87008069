/**
 * `pilothouse-agent doctor`: looks at what this host's part of Pilothouse stands on (identity, trust, server, clock, disk,
 * records, systemd, the agent itself) and says what to do. It changes nothing, and works beside a running agent as well as
 * before the host is enrolled or while the server is away.
 */
import { type } from 'node:os';
import { isAppError, type TrustBundle } from '@pilothouse/contract';
import type { DataDirectory } from '../data-directory.ts';
import { type HostIdentity, readIdentity } from '../identity/host-identity.ts';
import { openTrustStore } from '../identity/trust-store.ts';
import type { Dialler } from '../session/dial.ts';
import { AGENT_VERSION } from '../version.ts';
import { checkDataDirectory } from './check-data-directory.ts';
import { checkIdentity } from './check-identity.ts';
import { checkRecords } from './check-records.ts';
import { checkServers } from './check-server.ts';
import { checkAgent, checkSurroundings } from './check-surroundings.ts';
import { type DoctorCode, type DoctorFinding, ok, problem } from './finding.ts';

export interface DoctorOptions {
  readonly data: DataDirectory;
  /** Of whoever runs the doctor. */
  readonly uid: number;
  readonly dialler: Dialler;
  /** Gateways to try instead of those the identity names; empty: those. */
  readonly servers: readonly string[];
  readonly now: () => number;
}

/** What belongs to somebody else cannot be looked into, and what is not there says nothing more. */
const CLOSED: ReadonlySet<DoctorCode> = new Set(['directoryMissing', 'directoryForeign']);

export async function runDoctor(options: DoctorOptions): Promise<DoctorFinding[]> {
  const { data, uid } = options;
  const runtime = { version: AGENT_VERSION, node: process.versions.node, os: `${type()} ${process.arch}` };
  const directory = await checkDataDirectory(data, uid);
  if (directory.some(({ code }) => CLOSED.has(code))) return [ok('runtime', runtime), ...directory];
  return [
    ok('runtime', runtime),
    ...checkSurroundings(data, uid),
    ...directory,
    ...checkRecords(data),
    ...(await checkEnrolment(options)),
  ];
}

async function checkEnrolment(options: DoctorOptions): Promise<DoctorFinding[]> {
  const { data, servers, dialler, now } = options;
  const identity = readState<HostIdentity>(() => readIdentity(data.identity), data);
  const trust = readState<TrustBundle>(() => openTrustStore(data.trust)?.bundle ?? null, data);
  if (!identity.isGood || !trust.isGood)
    return [identity, trust].flatMap((each) => (each.isGood ? [] : [each.finding])).slice(0, 1);
  const { version, authorities, envelopeKeys } = trust.value;
  const urls = servers.length > 0 ? servers : identity.value.urls;
  return [
    ...checkIdentity(identity.value, trust.value, now()),
    ok('trust', { version, authorities: authorities.length, keys: envelopeKeys.length }),
    ...(await checkServers({ urls, trust: trust.value, dialler, now })),
    ...(await checkAgent(data)),
  ];
}

type Read<T> =
  | { readonly isGood: true; readonly value: T }
  | { readonly isGood: false; readonly finding: DoctorFinding };

function readState<T>(read: () => T | null, { path }: DataDirectory): Read<T> {
  try {
    const value = read();
    return value === null
      ? { isGood: false, finding: problem('notEnrolled', { path }) }
      : { isGood: true, value };
  } catch (cause) {
    if (!isAppError(cause) || cause.code !== 'AGENT_STATE_DAMAGED') throw cause;
    return { isGood: false, finding: problem('stateDamaged', { path: String(cause.details['path']) }) };
  }
}
