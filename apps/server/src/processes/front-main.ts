/** A process of an installation of several that holds connections. Started by keep-processes.ts. */
import { join, resolve } from 'node:path';
import { SECOND_MS, systemClock } from '@pilothouse/base';
import type { Log } from '@pilothouse/kernel';
import { runFront } from '@pilothouse/kernel/front';
import { boundAddress, listenRefusal } from '../bound-address.ts';
import { type Config, readConfig } from '../config.ts';
import { openLog } from '../open-log.ts';
import type { PeersConfig } from '../peers-config.ts';
import { systemSources } from '../system-config.ts';
import { doorPath } from './door-path.ts';
import { liveKept } from './kept-life.ts';

/** Where the leader is, is a small question; a database that was silent for so long is asked over another connection. */
const ANSWER_WITHIN_MS = 5 * SECOND_MS;

liveKept(async (name, { signal }) => {
  const config = readConfig(systemSources());
  const log = openLog(config, { process: name });
  const finding = config.peers === null ? null : await openFinding(config, config.peers, log);
  const front = runFront({
    // Each machine has a first.
    name: config.peers === null ? name : `${name}@${config.peers.advertised.host}`,
    ...(finding === null ? {} : { findLeader: finding.find }),
    leaderPath: doorPath(config.dataDirectory),
    listen: boundAddress(config.listen),
    gatewayListen: boundAddress(config.gatewayListen),
    gatewayProxies: config.gatewayProxies,
    clock: systemClock,
    log,
  });
  try {
    await Promise.race([front.ready, aborted(signal)]);
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

/** Rejects when it is to end: without a leader it would wait for its beginning for ever. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('asked to end before there was a leader')));
  });

/** Of several machines the database says which leads. */
async function openFinding(config: Config, { advertised }: PeersConfig, log: Log) {
  const { leaderFinder } = await import('@pilothouse/kernel/find-leader');
  const { openStoreReader } = await import('@pilothouse/store');
  const reader = await openStoreReader(config.store, {
    log,
    connections: 1,
    answerWithinMs: ANSWER_WITHIN_MS,
  });
  const find = leaderFinder({
    reader,
    own: advertised,
    doorPath: doorPath(config.dataDirectory),
    keysDirectory: join(resolve(config.dataDirectory), 'keys'),
  });
  return { find, close: () => reader.close() };
}
