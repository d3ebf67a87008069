import { connect } from 'node:net';
import { errorCode } from '@pilothouse/base';
import type { Probe } from '@pilothouse/contract';
import type { ProbeTry } from './run-probes.ts';

/** Passes when the connection is accepted; nothing is sent. */
export const tryTcp = (probe: Extract<Probe, { kind: 'tcp' }>, signal: AbortSignal): Promise<ProbeTry> =>
  new Promise((resolve) => {
    const socket = connect({ host: probe.host, port: probe.port });
    const settle = (isPassing: boolean, evidence: string): void => {
      signal.removeEventListener('abort', late);
      socket.destroy();
      resolve({ isPassing, evidence });
    };
    const late = (): void => settle(false, `no answer within ${probe.timeoutMs} ms`);
    if (signal.aborted) return late();
    signal.addEventListener('abort', late, { once: true });
    socket.once('connect', () => settle(true, `connected to ${probe.host}:${probe.port}`));
    socket.on('error', (cause) => settle(false, errorCode(cause) ?? String(cause)));
  });
