import { createHash } from 'node:crypto';
import type { IdSource } from '@pilothouse/base';

const SECRET_BYTES = 32;

/**
 * A random secret of 256 bits with a prefix by which people and scanners of leaked text know it: `pha_…` an API token,
 * `phs_…` a session, `phc_…` a set-up code.
 */
export const newSecret = (prefix: 'pha' | 'phs' | 'phc', ids: IdSource): string =>
  `${prefix}_${Buffer.from(ids.fill(new Uint8Array(SECRET_BYTES))).toString('base64url')}`;

/**
 * What is stored of a secret. A plain SHA-256 is enough because nobody can guess 256 random bits; it also makes looking
 * a secret up by its hash safe, for the time a lookup takes says something of the hash only, and never of the secret.
 */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');
