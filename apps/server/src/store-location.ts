import { resolve } from 'node:path';
import { AppError } from '@pilothouse/contract';
import type { StoreLocation } from '@pilothouse/store';
import { storePath } from './settings.ts';

/**
 * What people write for a store: `sqlite` for the one in the data directory, `sqlite:///path/to/file`,
 * `postgres://user:password@host/database`. AppError STORE_UNSUPPORTED.
 */
export function readStoreLocation(text: string, dataDirectory: string): StoreLocation {
  if (text === 'sqlite') return { kind: 'sqlite', path: storePath(resolve(dataDirectory)) };
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === 'sqlite' && rest !== '') return { kind: 'sqlite', path: resolve(rest) };
  if ((scheme === 'postgres' || scheme === 'postgresql') && URL.canParse(text))
    return { kind: 'postgres', url: text };
  // Without what follows the scheme: it may hold a password.
  throw new AppError('STORE_UNSUPPORTED', { store: text.split('://')[0] ?? text });
}
