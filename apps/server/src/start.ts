/**
 * `npm start`: server and agent of this machine in one go, for trying out and for small installations. Ends both on
 * Ctrl-C. For a service manager, and for an agent that outlives the server, see main.ts and the agent's own package.
 */
import { join } from 'node:path';
import { systemClock } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import type { Kernel } from '@pilothouse/kernel';
import type { Config } from './config.ts';
import { type LocalAgent, startLocalAgent } from './local-agent.ts';
import { type LocalHost, printAddresses } from './print-start.ts';
import { endAsked, runMain } from './run-main.ts';
import { runServer } from './run-server.ts';
import { readVersion } from './version.ts';

/** An agent on the same machine is there in well under a second; a busy machine may take longer. */
const ONLINE_WAIT_MS = 4_000;
/** Beside that of the agent. A terminal is for what a person has to read: where to sign in. */
const LOG_FILE = 'server.log';

await runMain(async (config) => {
  const { processes } = config;
  if (processes > 1) throw new AppError('PROCESSES_NOT_HERE', { count: processes });
  // The terminal is where a person sees it run: it ends with it.
  const end = endAsked(['SIGINT', 'SIGTERM', 'SIGHUP']);
  // Built while the server starts; how that went is asked when it is needed.
  const bundles = buildAgent();
  bundles.catch(() => undefined);
  const logFile = process.stderr.isTTY ? LOG_FILE : null;
  const server = await runServer(config, readVersion(), { logFile });
  let agent: LocalAgent | null = null;
  try {
    const { kernel, log, dataDirectory } = server;
    agent = await startLocalAgent({ program: await bundles, dataDirectory, kernel, clock: systemClock, log });
    const local = await localHost(kernel, agent, config.language);
    const setupCode = await kernel.newSetupCode();
    const { listen, gatewayListen, pin } = kernel;
    const logPath = logFile === null ? null : join(dataDirectory, logFile);
    const facts = { port: listen.port, gatewayPort: gatewayListen.port, pin, setupCode, logPath };
    process.stdout.write(printAddresses({ ...facts, language: config.language }, local));
    await end;
  } finally {
    await agent?.stop();
    await server.close();
  }
});

async function buildAgent(): Promise<string> {
  try {
    const { buildBundles, endBuilder } = await import('../../../tools/build.ts');
    // That of the command line makes it quicker; without it, it runs from its sources.
    const [agent] = await Promise.allSettled([buildBundles(['agent']), buildBundles(['cli'])]);
    endBuilder();
    if (agent.status === 'rejected') throw agent.reason;
    return agent.value.agent;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('AGENT_BUNDLE_MISSING', { reason }, { cause });
  }
}

async function localHost(
  kernel: Kernel,
  { hostId, logPath }: LocalAgent,
  language: Config['language'],
): Promise<LocalHost> {
  if (hostId === null) return { host: null, logPath, lacking: [] };
  const entry = () => kernel.hosts.index.get(hostId);
  await until(kernel, () => entry()?.isOnline === true, ONLINE_WAIT_MS);
  const host = entry();
  if (host?.isOnline !== true) return { host: null, logPath, lacking: [] };
  const lacks = kernel.lacksOf(hostId, { isRoot: process.getuid?.() === 0 });
  const lacking = Map.groupBy(lacks, ({ what }) => what[language]);
  const separator = language === 'zh' ? '、' : ', ';
  return {
    host: { id: host.id, name: host.name },
    logPath,
    lacking: [...lacking].map(
      ([what, all]) => `${all.map(({ title }) => title[language]).join(separator)}: ${what}`,
    ),
  };
}

/** Resolves when the registry says so, or when it has not for `timeoutMs`. */
function until(kernel: Kernel, isTrue: () => boolean, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stop();
      clearTimeout(timer);
      resolve();
    };
    const stop = kernel.hosts.onChange(() => {
      if (isTrue()) done();
    });
    const timer = setTimeout(done, timeoutMs);
    if (isTrue()) done();
  });
}
