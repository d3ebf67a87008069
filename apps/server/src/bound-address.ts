import { AppError } from '@pilothouse/contract';
import type { Config } from './config.ts';
import { anyAddress } from './system-config.ts';

export const boundAddress = ({ host, port }: Config['listen']) => ({
  host: host === '' ? anyAddress() : host,
  port,
});

/** The system's word for a listener that cannot be opened, in ours. */
export function listenRefusal(error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !LISTENING.has(String(error.syscall)))
    return error;
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

/** One of several processes shares the socket of the one that keeps it, which binds it first. */
const LISTENING = new Set(['listen', 'bind']);
