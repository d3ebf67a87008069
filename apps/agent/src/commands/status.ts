import { AppError, renderMessage, toTimestamp } from '@pilothouse/contract';
import { readWitness } from '../audit-witness.ts';
import type { CommandLine } from '../command-line.ts';
import { readIfThere } from '../data-directory.ts';
import { lifeOf, readIdentity } from '../identity/host-identity.ts';
import { openTrustStore } from '../identity/trust-store.ts';
import { recordsIn, UNDO_LIMITS } from '../journal/undo-records.ts';
import { agentMessages } from '../messages.ts';
import { readSessionStatus } from '../read-session-status.ts';
import { usableDirectory } from './usable-directory.ts';

/** `status`: who this host is, and whether it is connected. Exit code 0 when it is, 1 otherwise. */
export async function status(line: CommandLine): Promise<number> {
  const data = usableDirectory(line.dataDirectory);
  const identity = readIdentity(data.identity);
  const trust = openTrustStore(data.trust);
  if (identity === null || trust === null) throw new AppError('AGENT_NOT_ENROLLED', { path: data.path });
  const session = readSessionStatus(data);
  const say = (key: keyof typeof agentMessages, parameters = {}): string =>
    renderMessage(agentMessages[key], line.language, parameters);
  const held = readIfThere(data.hold);
  const witnessed = readWitness(data.auditCheckpoint);
  const witness =
    witnessed === null ? say('no') : say('witnessed', { ...witnessed, path: data.auditCheckpoint });
  const rows = [
    [say('statusHost'), identity.hostId],
    [say('statusServers'), identity.urls.join(' ')],
    [say('statusCertificate'), toTimestamp(lifeOf(identity).notAfterMs)],
    [say('statusTrust'), String(trust.bundle.version)],
    [say('statusWitness'), witness],
    [say('statusUndo'), say('undoUse', undoUse(data.undo))],
    [say('statusSession'), say(session.kind, session)],
    [say('statusHeld'), held === null ? say('no') : say('yes', { reason: held.trim() })],
  ];
  process.stdout.write(rows.map(([name, value]) => `${name}\t${value}\n`).join(''));
  return session.kind === 'connected' ? 0 : 1;
}

const MIB = 1024 ** 2;
const toMib = (bytes: number): number => Math.round((10 * bytes) / MIB) / 10;

function undoUse(directory: string): { plans: number; mib: number; mibMax: number } {
  const { plans, bytes } = recordsIn(directory).usage();
  return { plans, mib: toMib(bytes), mibMax: toMib(UNDO_LIMITS.bytesMax) };
}
