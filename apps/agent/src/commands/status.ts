import { existsSync } from 'node:fs';
import { AppError, renderMessage, toTimestamp } from '@pilothouse/contract';
import { z } from 'zod';
import { readWitness } from '../audit-witness.ts';
import type { CommandLine } from '../command-line.ts';
import { type DataDirectory, readIfThere } from '../data-directory.ts';
import { lifeOf, readIdentity } from '../identity/host-identity.ts';
import { openTrustStore } from '../identity/trust-store.ts';
import { agentMessages } from '../messages.ts';
import { usableDirectory } from './usable-directory.ts';

const SessionStatus = z.object({
  kind: z.enum(['connected', 'disconnected', 'stopped']),
  detail: z.string().nullable(),
  since: z.string(),
  pid: z.number().int(),
});

/** `status`: who this host is, and whether it is connected. Exit code 0 when it is, 1 otherwise. */
export async function status(line: CommandLine): Promise<number> {
  const data = usableDirectory(line.dataDirectory);
  const identity = readIdentity(data.identity);
  const trust = openTrustStore(data.trust);
  if (identity === null || trust === null) throw new AppError('AGENT_NOT_ENROLLED', { path: data.path });
  const session = sessionOf(data);
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
    [say('statusSession'), say(session.kind, session)],
    [say('statusHeld'), held === null ? say('no') : say('yes', { reason: held.trim() })],
  ];
  process.stdout.write(rows.map(([name, value]) => `${name}\t${value}\n`).join(''));
  return session.kind === 'connected' ? 0 : 1;
}

/** The file says what the agent last knew; whether that agent still lives, the process table says. */
function sessionOf(data: DataDirectory): z.infer<typeof SessionStatus> {
  const stopped = { kind: 'stopped', detail: null, since: '', pid: 0 } as const;
  const text = readIfThere(data.status);
  if (text === null) return stopped;
  const parsed = SessionStatus.safeParse(JSON.parse(text));
  return parsed.success && existsSync(`/proc/${parsed.data.pid}`) ? parsed.data : stopped;
}
