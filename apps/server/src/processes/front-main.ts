/** A process of an installation of several that holds connections. Started by keep-processes.ts. */
import { systemClock } from '@pilothouse/base';
import { runFront } from '@pilothouse/kernel/front';
import { boundAddress, listenRefusal } from '../bound-address.ts';
import { readConfig } from '../config.ts';
import { openLog } from '../open-log.ts';
import { systemSources } from '../system-config.ts';
import { doorPath } from './door-path.ts';
import { liveKept } from './kept-life.ts';

liveKept(async (name) => {
  const config = readConfig(systemSources());
  const front = runFront({
    name,
    leaderPath: doorPath(config.dataDirectory),
    listen: boundAddress(config.listen),
    gatewayListen: boundAddress(config.gatewayListen),
    gatewayProxies: config.gatewayProxies,
    clock: systemClock,
    log: openLog(config, { process: name }),
  });
  try {
    await front.ready;
  } catch (error) {
    throw listenRefusal(error);
  }
  return { ready: { pin: null, setupCode: null }, leave: () => front.leave() };
});
