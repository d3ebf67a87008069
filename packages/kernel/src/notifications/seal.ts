import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { KeyFiles } from '../enrolment/index.ts';

/** Secrets at rest: whoever has the database alone has none of them. */
export interface SealBox {
  seal(text: string): string;
  /** Throws when the key is another one or the text was changed. */
  open(sealed: string): string;
}

const KEY_NAME = 'channel-secrets';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** AES-256-GCM under a key in a file of its own, made at the first start. */
export async function openSealBox(keyFiles: Pick<KeyFiles, 'find' | 'write'>): Promise<SealBox> {
  const known = await keyFiles.find(KEY_NAME);
  const key = known === null ? randomBytes(KEY_BYTES) : Buffer.from(known, 'base64');
  if (known === null) await keyFiles.write(KEY_NAME, key.toString('base64'));
  return {
    seal(text) {
      // Nonces are random and few: 2^32 would have to be drawn before two are likely to be the same.
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce);
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64');
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES));
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const body = bytes.subarray(NONCE_BYTES + TAG_BYTES);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
    },
  };
}
