/**
 * A person's own key in a file.
 *
 * Rule: the Ed25519 seed is sealed with AES-256-GCM under a key that scrypt makes of the passphrase; the public key is bound
 * in as additional data, so that nobody swaps one for the other. Scrypt's cost is in the file, and bounded when it is read:
 * a file from elsewhere must not make this program take all memory.
 *
 * Limits: whoever has the file and guesses the passphrase has the key. A longer passphrase is the only cure; an ssh-agent
 * with a hardware key is better.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  scryptSync,
  sign,
} from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@pilothouse/contract';
import { z } from 'zod';
import { writePrivate } from '../config-file.ts';
import type { Signer } from './signer.ts';

/** 128 MiB and about half a second on the reference machine: what a guess costs, too. */
const SCRYPT_COST = 2 ** 17;
const SCRYPT_COST_MAX = 2 ** 20;
const SCRYPT_BLOCK = 8;
export const PASSPHRASE_CHARS_MIN = 10;
const KEY_FILES_MAX = 100;
const SUFFIX = '.key.json';
const SEED_BYTES = 32;
/** DER before the 32 bytes of an Ed25519 seed, and of a public key (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

const KeyFile = z.object({
  version: z.literal(1),
  name: z.string().min(1).max(80),
  publicKey: z.base64().length(44),
  kdf: z.object({
    name: z.literal('scrypt'),
    cost: z.number().int().min(1024).max(SCRYPT_COST_MAX),
    block: z.number().int().min(1).max(16),
    salt: z.base64().max(64),
  }),
  cipher: z.object({
    name: z.literal('aes-256-gcm'),
    nonce: z.base64().max(32),
    tag: z.base64().max(32),
    sealed: z.base64().max(64),
  }),
});
type KeyFile = z.infer<typeof KeyFile>;

export const keyDirectory = (configDirectory: string): string => join(configDirectory, 'keys');
export const keyIdOf = (publicKey: string): string =>
  createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16);

export type AskPassphrase = (path: string) => Promise<string>;

/** Makes a key and writes its file. AppError CLI_KEY_EXISTS, CLI_PASSPHRASE_SHORT. */
export async function createKeyFile(wish: {
  readonly directory: string;
  readonly name: string;
  readonly passphrase: string;
}): Promise<Signer> {
  const { directory, name, passphrase } = wish;
  if (passphrase.length < PASSPHRASE_CHARS_MIN)
    throw new AppError('CLI_PASSPHRASE_SHORT', { charsMin: PASSPHRASE_CHARS_MIN });
  const path = join(directory, `${name}${SUFFIX}`);
  if ((await keyFileNames(directory)).includes(`${name}${SUFFIX}`))
    throw new AppError('CLI_KEY_EXISTS', { path });
  const { privateKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-SEED_BYTES);
  const publicKey = publicKeyOf(privateKey);
  const file = seal(seed, { name, publicKey, passphrase });
  await writePrivate(path, `${JSON.stringify(file, null, 2)}\n`);
  return signerOf(path, file, async () => passphrase);
}

/** All key files of this person. AppError CLI_KEY_FILE_DAMAGED. */
export async function readKeyFiles(directory: string, ask: AskPassphrase): Promise<Signer[]> {
  const names = (await keyFileNames(directory)).slice(0, KEY_FILES_MAX);
  return Promise.all(names.map((name) => readKeyFile(join(directory, name), ask)));
}

async function keyFileNames(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw new AppError(
      'CLI_FILE_UNREADABLE',
      { path: directory, reason: cause.code ?? 'unknown' },
      { cause },
    );
  });
  return names.filter((name) => name.endsWith(SUFFIX)).sort();
}

async function readKeyFile(path: string, ask: AskPassphrase): Promise<Signer> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new AppError('CLI_FILE_UNREADABLE', { path, reason: cause.code ?? 'unknown' }, { cause });
  });
  try {
    return signerOf(path, KeyFile.parse(JSON.parse(text)), ask);
  } catch (cause) {
    throw new AppError(
      'CLI_KEY_FILE_DAMAGED',
      { path, reason: { en: 'its content is not valid', zh: '内容无效' } },
      { cause },
    );
  }
}

function signerOf(path: string, file: KeyFile, ask: AskPassphrase): Signer {
  return {
    keyId: keyIdOf(file.publicKey),
    publicKey: file.publicKey,
    place: path,
    name: file.name,
    async sign(text) {
      const key = open(path, file, await ask(path));
      return sign(null, Buffer.from(text), key).toString('base64');
    },
  };
}

function seal(
  seed: Buffer,
  { name, publicKey, passphrase }: { name: string; publicKey: string; passphrase: string },
): KeyFile {
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const kdf = {
    name: 'scrypt',
    cost: SCRYPT_COST,
    block: SCRYPT_BLOCK,
    salt: salt.toString('base64'),
  } as const;
  const cipher = createCipheriv('aes-256-gcm', wrappingKey(passphrase, kdf), nonce);
  cipher.setAAD(Buffer.from(publicKey));
  const sealed = Buffer.concat([cipher.update(seed), cipher.final()]).toString('base64');
  const tag = cipher.getAuthTag().toString('base64');
  return {
    version: 1,
    name,
    publicKey,
    kdf,
    cipher: { name: 'aes-256-gcm', nonce: nonce.toString('base64'), tag, sealed },
  };
}

function open(path: string, { publicKey, kdf, cipher }: KeyFile, passphrase: string): KeyObject {
  const [nonce, tag, sealed] = [cipher.nonce, cipher.tag, cipher.sealed].map((each) =>
    Buffer.from(each, 'base64'),
  );
  if (nonce?.length !== 12 || tag?.length !== 16 || sealed?.length !== SEED_BYTES)
    throw new AppError('CLI_KEY_FILE_DAMAGED', {
      path,
      reason: { en: 'its content is not valid', zh: '内容无效' },
    });
  const decipher = createDecipheriv('aes-256-gcm', wrappingKey(passphrase, kdf), nonce, {
    authTagLength: 16,
  });
  decipher.setAAD(Buffer.from(publicKey));
  decipher.setAuthTag(tag);
  let seed: Buffer;
  try {
    seed = Buffer.concat([decipher.update(sealed), decipher.final()]);
  } catch (cause) {
    throw new AppError('CLI_PASSPHRASE_WRONG', { path }, { cause });
  }
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  if (publicKeyOf(key) !== publicKey)
    throw new AppError('CLI_KEY_FILE_DAMAGED', {
      path,
      reason: { en: 'public and private key do not belong together', zh: '公钥与私钥不匹配' },
    });
  return key;
}

/** Node wants to be told that so much memory is meant: 128 bytes × cost × block, and some. */
const wrappingKey = (passphrase: string, { cost, block, salt }: KeyFile['kdf']): Buffer =>
  scryptSync(passphrase.normalize('NFC'), Buffer.from(salt, 'base64'), 32, {
    N: cost,
    r: block,
    p: 1,
    maxmem: 128 * cost * block + 1024 * 1024,
  });

const publicKeyOf = (privateKey: KeyObject): string =>
  createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
