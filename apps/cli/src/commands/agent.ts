import { agentTrustCommands } from './agent-trust.ts';
import { agentVersions } from './agent-versions.ts';

/** What concerns the agents of the fleet as programs. What they do is `run`; who they are is `hosts`. */
export const agentCommands = [agentVersions, ...agentTrustCommands];
