/** The agent of one host: its parts, and one session after the other that connects them with the server. */
import { randomUUID } from 'node:crypto';
import { SECOND_MS } from '@pilothouse/base';
import { type AgentOptions, openAgentParts } from './agent-parts.ts';
import { describeHost } from './identity/host-description.ts';
import { createKernelReader } from './read-kernel-file.ts';
import { keepConnected } from './session/keep-connected.ts';
import { runSession } from './session/open-session.ts';
import { createSessionHandler } from './session/session-handler.ts';
import { createVitals } from './vitals.ts';
import { writeStatus } from './write-status.ts';

/** A process that collects takes as much of a small host as opening the session does, which is what people wait for. */
const FACTS_DELAY_MS = SECOND_MS;

export interface Agent {
  /** Ends the session; tasks that would die with the agent are cancelled first, those in scopes of their own go on. */
  stop(): Promise<void>;
}

/** AppError AGENT_NOT_ENROLLED when the directory holds no identity. */
export function startAgent(options: AgentOptions): Agent {
  const { clock, log, random } = options;
  const parts = openAgentParts(options);
  const { dialler, trust } = parts;
  const host = describeHost();
  const { statFileSystem } = parts;
  const vitals = createVitals({ statFileSystem, readNow: createKernelReader() }, clock, host.bootId);
  const world = { options, parts, host, vitals, processId: randomUUID() };
  const abort = new AbortController();
  const { signal } = abort;
  const cancelFacts = clock.after(FACTS_DELAY_MS, () => parts.facts.start());
  const done = keepConnected({
    urls: () => (options.servers.length > 0 ? options.servers : parts.identity().urls),
    trust,
    dialler,
    clock,
    random,
    log,
    signal,
    session: (url) => {
      const handler = createSessionHandler(url, world);
      return runSession({ url, trust: parts.sessionTrust(), dialler, clock, log, handler, signal });
    },
  });
  return {
    async stop() {
      cancelFacts();
      parts.facts.stop();
      parts.probes.stop();
      await parts.runner.stop();
      abort.abort();
      await done;
      parts.journal.close();
      writeStatus({ kind: 'stopped', detail: null }, options);
    },
  };
}
