/**
 * A small client of the SSH agent protocol (draft-miller-ssh-agent): lists ed25519 keys and has one sign. An ed25519
 * signature of an agent is a plain Ed25519 signature over the bytes that it was given, so hosts verify it like any other;
 * the tags before them keep it from ever being taken for the sign-in to a machine, whose bytes begin otherwise.
 *
 * Limits: one request a connection; answers are bounded; an agent that asks its owner has a minute.
 */
import { connect } from 'node:net';
import { AppError, type Message } from '@pilothouse/contract';
import { keyIdOf } from './key-file.ts';
import type { Signer } from './signer.ts';

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
const ED25519 = 'ssh-ed25519';
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** Agents themselves take no more. */
const ANSWER_BYTES_MAX = 256 * 1024;
const KEYS_MAX = 1000;
/** Long enough to touch a hardware key. */
const ANSWER_MS_MAX = 60_000;

/** Keys of the agent behind the socket. AppError CLI_SSH_AGENT_UNUSABLE. */
export async function sshAgentSigners(socketPath: string | undefined): Promise<Signer[]> {
  if (socketPath === undefined || socketPath === '')
    throw unusable({ en: 'SSH_AUTH_SOCK is not set', zh: '未设置 SSH_AUTH_SOCK' });
  const answer = await ask(socketPath, Buffer.from([REQUEST_IDENTITIES]));
  return identitiesOf(answer).map(({ blob, raw, comment }) => {
    const publicKey = raw.toString('base64');
    return {
      keyId: keyIdOf(publicKey),
      publicKey,
      place: 'ssh-agent',
      name: comment,
      async sign(text) {
        const flags = Buffer.alloc(4);
        const request = [Buffer.from([SIGN_REQUEST]), framed(blob), framed(Buffer.from(text)), flags];
        return signatureOf(await ask(socketPath, Buffer.concat(request))).toString('base64');
      },
    };
  });
}

/** Ed25519 keys of an answer to REQUEST_IDENTITIES; others are passed over. */
export function identitiesOf(answer: Buffer): { blob: Buffer; raw: Buffer; comment: string }[] {
  const reader = readerOf(answer);
  if (reader.byte() !== IDENTITIES_ANSWER)
    throw unusable({ en: 'it does not list its keys', zh: '未列出密钥' });
  const count = reader.number();
  if (count > KEYS_MAX)
    throw unusable({ en: `it holds more than ${KEYS_MAX} keys`, zh: `密钥超过 ${KEYS_MAX} 个` });
  const found = [];
  for (let n = 0; n < count; n++) {
    const blob = reader.bytes();
    const comment = reader.bytes().toString('utf8').slice(0, 80);
    const inner = readerOf(blob);
    if (inner.bytes().toString('latin1') !== ED25519) continue;
    const raw = inner.bytes();
    if (raw.length === PUBLIC_KEY_BYTES) found.push({ blob, raw, comment });
  }
  return found;
}

export function signatureOf(answer: Buffer): Buffer {
  const reader = readerOf(answer);
  if (reader.byte() !== SIGN_RESPONSE) throw unusable({ en: 'it refused to sign', zh: '拒绝签名' });
  const inner = readerOf(reader.bytes());
  const kind = inner.bytes().toString('latin1');
  const signature = inner.bytes();
  if (kind !== ED25519 || signature.length !== SIGNATURE_BYTES)
    throw unusable({ en: `it signed as ${kind}`, zh: `签名类型为 ${kind}` });
  return signature;
}

const unusable = (reason: Message, cause?: unknown): AppError =>
  new AppError('CLI_SSH_AGENT_UNUSABLE', { reason }, { cause });

function framed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Reads what stands in the buffer and never beyond it. */
function readerOf(buffer: Buffer) {
  let at = 0;
  const take = (count: number): Buffer => {
    if (at + count > buffer.length) throw unusable({ en: 'its answer is cut off', zh: '应答不完整' });
    at += count;
    return buffer.subarray(at - count, at);
  };
  const number = (): number => take(4).readUInt32BE();
  return { byte: () => take(1).readUInt8(), number, bytes: () => take(number()) };
}

function ask(socketPath: string, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let heard = Buffer.alloc(0);
    const fail = (reason: Message, cause?: unknown): void => {
      socket.destroy();
      reject(unusable(reason, cause));
    };
    socket.setTimeout(ANSWER_MS_MAX, () => fail({ en: 'it does not answer', zh: '没有应答' }));
    socket.on('error', (cause: NodeJS.ErrnoException) => fail(codeText(cause.code ?? cause.message), cause));
    socket.on('end', () => fail({ en: 'it hung up', zh: '连接被关闭' }));
    socket.on('connect', () => socket.write(framed(request)));
    socket.on('data', (piece) => {
      heard = Buffer.concat([heard, piece]);
      if (heard.length < 4) return;
      const length = heard.readUInt32BE();
      if (length === 0 || length > ANSWER_BYTES_MAX)
        return fail({ en: 'its answer is too large', zh: '应答过大' });
      if (heard.length < 4 + length) return;
      socket.destroy();
      resolve(heard.subarray(4, 4 + length));
    });
  });
}

/** A code of the system, such as ECONNREFUSED, is the same in both. */
const codeText = (code: string): Message => ({ en: code, zh: code });
