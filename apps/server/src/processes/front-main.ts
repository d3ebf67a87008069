/** A process of an installation of several that holds connections. Started by keep-processes.ts. */
import { join, resolve } from 'node:path';
import { systemClock } from '@pilothouse/base';
import type { Log } from '@pilothouse/kernel';
import { runFront } from '@pilothouse/kernel/front';
import { boundAddress, listenRefusal } from '../bound-address.ts';
import { type Config, readConfig } from '../config.ts';
import { openLog } from '../open-log.ts';
import type { PeersConfig } from '../peers-config.ts';
import { systemSources } from '../system-config.ts';
import { doorPath } from './door-path.ts';
import { liveKept } from './kept-life.ts';

liveKept(async (name) => {
  const config = readConfig(systemSources());
  const log = openLog(config, { process: name });
  const finding = config.peers === null ? null : await openFinding(config, config.peers, log);
  const front = runFront({
    name,
    ...(finding === null ? {} : { findLeader: finding.find }),
    leaderPath: doorPath(config.dataDirectory),
    listen: boundAddress(config.listen),
    gatewayListen: boundAddress(config.gatewayListen),
    gatewayProxies: config.gatewayProxies,
    clock: systemClock,
    log,
  });
  try {
    await front.ready;
  } catch (error) {
    throw listenRefusal(error);
  }
  return {
    ready: { pin: null, setupCode: null },
    async leave() {
      await front.leave();
      await finding?.close();
    },
  };
});

/** Of several machines the database says which leads. */
async function openFinding(config: Config, { advertised }: PeersConfig, log: Log) {
  const { leaderFinder } = await import('@pilothouse/kernel/find-leader');
  const { openStoreReader } = await import('@pilothouse/store');
  const reader = await openStoreReader(config.store, { log, connections: 1 });
  const find = leaderFinder({
    reader,
    own: advertised,
    doorPath: doorPath(config.dataDirectory),
    keysDirectory: join(resolve(config.dataDirectory), 'keys'),
  });
  return { find, close: () => reader.close() };
}
