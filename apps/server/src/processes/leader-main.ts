/** The process of an installation of several that holds the store and decides. Started by keep-processes.ts. */
import { readConfig } from '../config.ts';
import { runServer } from '../run-server.ts';
import { systemSources } from '../system-config.ts';
import { readVersion } from '../version.ts';
import { doorPath } from './door-path.ts';
import { liveKept } from './kept-life.ts';

liveKept(async (name, beginning) => {
  const config = readConfig(systemSources());
  const turn = config.peers === null ? null : { ...config.peers, ...beginning };
  const leader = { name, doorPath: doorPath(config.dataDirectory), turn };
  const server = await runServer(config, readVersion(), { leader });
  const { pin } = server.kernel;
  return {
    ready: { pin, setupCode: await server.kernel.newSetupCode() },
    leave: () => server.close(),
  };
});
