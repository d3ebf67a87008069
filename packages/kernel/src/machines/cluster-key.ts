import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AppError } from '@pilothouse/contract';
import type { KeyFiles } from '../enrolment/index.ts';

/** Beside the keys of an installation that has one machine, so that backups have it. */
export const CLUSTER_KEY_FILE = 'cluster.key';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** Opens and closes what the database holds for all machines. A text that was moved to another name does not open. */
export interface ClusterKey {
  seal(name: string, text: string): string;
  /** AppError CLUSTER_KEY_WRONG. */
  open(name: string, sealed: string): string;
}

type Files = Pick<KeyFiles, 'find' | 'write'> & { readonly directory: string };

/** AppError CLUSTER_KEY_MISSING, CLUSTER_KEY_WRONG. */
export async function readClusterKey(files: Pick<Files, 'find' | 'directory'>): Promise<ClusterKey> {
  const path = `${files.directory}/${CLUSTER_KEY_FILE}`;
  const text = await files.find(CLUSTER_KEY_FILE);
  if (text === null) throw new AppError('CLUSTER_KEY_MISSING', { path });
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== KEY_BYTES) throw new AppError('CLUSTER_KEY_WRONG', { path, name: CLUSTER_KEY_FILE });
  return clusterKey(key, path);
}

/** For an installation whose database holds no keys yet. */
export async function makeClusterKey(files: Files): Promise<ClusterKey> {
  // A start that broke off had made one.
  if ((await files.find(CLUSTER_KEY_FILE)) === null)
    await files.write(CLUSTER_KEY_FILE, `${randomBytes(KEY_BYTES).toString('base64')}\n`);
  return readClusterKey(files);
}

function clusterKey(key: Buffer, path: string): ClusterKey {
  return {
    seal(name, text) {
      // Nonces are random and few: 2^32 would have to be drawn before two are likely to be the same.
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(name));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
    },
    open(name, sealed) {
      const bytes = Buffer.from(sealed, 'base64');
      try {
        const nonce = bytes.subarray(0, NONCE_BYTES);
        const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        const body = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([body, decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new AppError('CLUSTER_KEY_WRONG', { path, name }, { cause });
      }
    },
  };
}
