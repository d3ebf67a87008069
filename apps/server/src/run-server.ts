import { randomFillSync } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { DAY_MS, systemClock } from '@pilothouse/base';
import { createKernel, type Kernel, type Log } from '@pilothouse/kernel';
import { lockDataDirectory, openStore } from '@pilothouse/store';
import { boundAddress, listenRefusal } from './bound-address.ts';
import type { Config } from './config.ts';
import { openLog } from './open-log.ts';
import { plugins } from './plugins.ts';
import { startTracing } from './tracing/start-tracing.ts';

export interface RunningServer {
  readonly kernel: Kernel;
  readonly log: Log;
  readonly dataDirectory: string;
  /** Everything durable, the data directory free again. */
  close(): Promise<void>;
}

/**
 * Starts a control plane from its configuration; as `leader`, it opens that door and no listeners. AppError with a code of
 * `server-errors.ts` or of the store.
 */
export async function runServer(
  config: Config,
  version: string,
  leader?: { readonly name: string; readonly doorPath: string },
): Promise<RunningServer> {
  const dataDirectory = resolve(config.dataDirectory);
  const log = openLog(config, leader?.name);
  const lock = lockDataDirectory(dataDirectory);
  const closers: (() => Promise<void> | void)[] = [() => lock.release()];
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0).toReversed()) await each();
  };
  try {
    closers.push(await startTracing(process.env, { version, log }));
    const store = await openStore(config.store, { log });
    closers.push(() => store.close());
    const ids = { now: Date.now, fill: (target: Uint8Array) => randomFillSync(target) };
    const kernel = await createKernel(
      { clock: systemClock, ids, store, log },
      {
        plugins,
        dataDirectory,
        listen: boundAddress(config.listen),
        gatewayListen: boundAddress(config.gatewayListen),
        doorPath: leader?.doorPath ?? null,
        gatewayProxies: config.gatewayProxies,
        offlineGraceMs: config.offlineGraceMs,
        notifyAllow: config.notifyAllow,
        names: config.names,
        certificateNames: [...new Set([...config.names, hostname(), 'localhost', '127.0.0.1', '::1'])],
        retention: {
          eventsKeptMax: config.retention.events,
          resultsKeptDays: config.retention.resultsDays,
          factHistoryMs: config.retention.factsDays * DAY_MS,
        },
        oidc: config.oidc,
        prometheus: config.prometheus,
        version,
      },
    );
    closers.push(() => kernel.close());
    return { kernel, log, dataDirectory, close };
  } catch (error) {
    await close();
    throw listenRefusal(error);
  }
}
