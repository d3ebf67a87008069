import { AppError, renderMessage } from '@pilothouse/contract';
import type { CommandLine } from '../command-line.ts';
import { enrolHost } from '../identity/enrol-host.ts';
import { readIdentity } from '../identity/host-identity.ts';
import { agentMessages } from '../messages.ts';
import { createDialler } from '../session/dial.ts';
import { AGENT_VERSION } from '../version.ts';
import { proxyOf } from './proxy.ts';
import { usableDirectory } from './usable-directory.ts';

/** `enrol --token T`: makes this a host of the server that gave the token. */
export async function enrol(line: CommandLine): Promise<number> {
  const data = usableDirectory(line.dataDirectory);
  // Not read when it is to be forgotten: enrolling anew is the way out when it is damaged.
  const held = line.isAgain ? null : readIdentity(data.identity);
  if (held !== null) throw new AppError('AGENT_ALREADY_ENROLLED', { hostId: held.hostId });
  const enrolled = await enrolHost(line.token ?? '', {
    data,
    dialler: createDialler({ proxy: proxyOf(process.env) }),
    agentVersion: AGENT_VERSION,
    language: line.language,
  });
  const message = enrolled.state === 'active' ? agentMessages.enrolled : agentMessages.enrolledPending;
  process.stdout.write(`${renderMessage(message, line.language, { ...enrolled })}\n`);
  return 0;
}
