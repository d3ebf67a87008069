import { absurd } from '@pilothouse/base';
import { renderMessage } from '@pilothouse/contract';
import { type CommandLine, DATA_DIRECTORY_DEFAULT } from '../command-line.ts';
import { agentMessages } from '../messages.ts';
import { AGENT_VERSION } from '../version.ts';

/** Each verb in a module of its own, loaded when it is asked for: `run` is what stays in memory. */
export async function runVerb(line: CommandLine): Promise<number> {
  switch (line.verb) {
    case 'help':
      process.stdout.write(
        `${renderMessage(agentMessages.help, line.language, { data: DATA_DIRECTORY_DEFAULT })}\n`,
      );
      return 0;
    case 'version':
      process.stdout.write(`pilothouse-agent ${AGENT_VERSION} (node ${process.versions.node})\n`);
      return 0;
    case 'enrol':
      return (await import('./enrol.ts')).enrol(line);
    case 'run':
      return (await import('./run.ts')).run(line);
    case 'status':
      return (await import('./status.ts')).status(line);
    case 'doctor':
      return (await import('./doctor.ts')).doctor(line);
    case 'facts':
      return (await import('./facts.ts')).facts(line);
    case 'collect':
      return (await import('./collect.ts')).collect(line);
    case 'actions':
      return (await import('./actions.ts')).actions(line);
    case 'policy':
      return (await import('./policy.ts')).policy(line);
    case 'history':
      return (await import('./history.ts')).history(line);
    case 'hold':
    case 'release':
      return (await import('./hold.ts')).hold(line);
    default:
      return absurd(line.verb);
  }
}
