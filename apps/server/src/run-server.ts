import { randomFillSync } from 'node:crypto';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { DAY_MS, systemClock } from '@pilothouse/base';
import { createKernel, type Kernel, type Log } from '@pilothouse/kernel';
import { lockDataDirectory, openStore } from '@pilothouse/store';
import { boundAddress, listenRefusal } from './bound-address.ts';
import type { Config } from './config.ts';
import { openLog } from './open-log.ts';
import { endWith, openStoreInTurn, stepDownBy, type Turn } from './open-store-in-turn.ts';
import { plugins } from './plugins.ts';
import { startTracing } from './tracing/start-tracing.ts';

export interface RunningServer {
  readonly kernel: Kernel;
  readonly log: Log;
  readonly dataDirectory: string;
  /** Everything durable, the data directory free again. */
  close(): Promise<void>;
}

export interface ServerManner {
  /** It opens that door and no listeners. */
  readonly leader?: {
    readonly name: string;
    readonly doorPath: string;
    /** Of several machines: it waits until it may. */
    readonly turn: Turn | null;
  };
  /** The log goes to this file in the data directory, and to standard error only what somebody should look at. */
  readonly logFile?: string | null;
}

/** Starts a control plane from its configuration. AppError with a code of `server-errors.ts` or of the store. */
export async function runServer(
  config: Config,
  version: string,
  { leader, logFile = null }: ServerManner = {},
): Promise<RunningServer> {
  const dataDirectory = resolve(config.dataDirectory);
  const lock = lockDataDirectory(dataDirectory);
  const log = openLog(config, {
    ...(leader === undefined ? {} : { process: leader.name }),
    path: logFile === null ? null : join(dataDirectory, logFile),
  });
  const closers: (() => Promise<void> | void)[] = [() => lock.release()];
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0).toReversed()) await each();
  };
  try {
    closers.push(await startTracing(process.env, { version, log }));
    const turn = leader?.turn ?? null;
    const stepDown = stepDownBy(log);
    const store =
      turn === null
        ? await openStore(config.store, { log, taken: stepDown, died: endWith(log) })
        : await openStoreInTurn(config.store, { ...turn, log, taken: stepDown });
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
        peers:
          turn === null
            ? null
            : { listen: boundAddress(turn.listen), advertised: turn.advertised, superseded: stepDown },
        gatewayProxies: config.gatewayProxies,
        offlineGraceMs: config.offlineGraceMs,
        notifyAllow: config.notifyAllow,
        names: config.names,
        certificateNames: certificateNames(config),
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

/** Machines of one installation show the same certificate, whoever of them leads. */
const certificateNames = ({ names, peers }: Config): string[] => [
  ...new Set([...names, ...(peers === null ? [hostname()] : []), 'localhost', '127.0.0.1', '::1']),
];
