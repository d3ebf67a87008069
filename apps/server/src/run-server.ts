import { randomFillSync } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { DAY_MS, systemClock } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import { createKernel, createLog, type Kernel, type Log } from '@pilothouse/kernel';
import { lockDataDirectory, openStore } from '@pilothouse/store';
import type { Config } from './config.ts';
import { plugins } from './plugins.ts';
import { anyAddress } from './system-config.ts';

export interface RunningServer {
  readonly kernel: Kernel;
  readonly log: Log;
  readonly dataDirectory: string;
  /** Everything durable, the data directory free again. */
  close(): Promise<void>;
}

/** Starts a control plane from its configuration. AppError with a code of `server-errors.ts` or of the store. */
export async function runServer(config: Config, version: string): Promise<RunningServer> {
  const dataDirectory = resolve(config.dataDirectory);
  const log = createLog({
    level: config.logLevel,
    format: config.logFormat,
    clock: systemClock,
    write: (line) => process.stderr.write(line),
  });
  const lock = lockDataDirectory(dataDirectory);
  const closers: (() => Promise<void> | void)[] = [() => lock.release()];
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0).toReversed()) await each();
  };
  try {
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

const boundAddress = ({ host, port }: Config['listen']) => ({
  host: host === '' ? anyAddress() : host,
  port,
});

/** The system's word for a listener that cannot be opened, in ours. */
function listenRefusal(error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || error.syscall !== 'listen') return error;
  // What node:net adds to an error of listen.
  const {
    code,
    address = '',
    port = 0,
  } = error as Error & { code?: string; address?: string; port?: number };
  const place = { host: address, port };
  if (code === 'EADDRINUSE') return new AppError('PORT_IN_USE', place, { cause: error });
  return new AppError('LISTEN_REFUSED', { ...place, reason: code }, { cause: error });
}
