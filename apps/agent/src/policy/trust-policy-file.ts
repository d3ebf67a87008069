/**
 * The host's own say in what is done to it: a file beside the agent's, which nothing that a server sends can change.
 *
 * Rule: no file means the server's key is enough. A file that cannot be used (unreadable, not valid, writable by others)
 * means that everything is refused, because nobody knows what it asked for. It is looked at again before each task, so a
 * change counts from the next one on, without a restart.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { errorCode } from '@pilothouse/base';
import { type Message, placedProblem, type SignaturesWanted, TrustPolicy } from '@pilothouse/contract';

/** A thousand revoked mandates and every key of a large house fit many times. */
const POLICY_BYTES_MAX = 1024 * 1024;
const WRITABLE_BY_OTHERS = 0o022;
/** Bits of a mode that say who may do what; the rest says what kind of file it is. */
const PERMISSIONS = 0o777;

export type PolicyState =
  | { readonly kind: 'none' }
  | { readonly kind: 'policy'; readonly policy: TrustPolicy }
  | { readonly kind: 'damaged'; readonly path: string; readonly problem: Message };

export interface TrustPolicyFile {
  current(): PolicyState;
}

/** `uid`: the agent's own; beside root's, the only one whose file counts. */
export function openTrustPolicyFile(path: string, uid: number): TrustPolicyFile {
  let known: { readonly mark: string; readonly state: PolicyState } | null = null;
  return {
    current() {
      const mark = markOf(path);
      if (known === null || known.mark !== mark) known = { mark, state: readTrustPolicy(path, uid) };
      return known.state;
    },
  };
}

/** Changes whenever the file may have: cheap enough to be asked before each task. */
function markOf(path: string): string {
  return withFile(path, (descriptor) => {
    const { ino, size, mtimeMs, ctimeMs, mode, uid } = fstatSync(descriptor);
    return [ino, size, mtimeMs, ctimeMs, mode, uid].join('/');
  });
}

function withFile(path: string, read: (descriptor: number) => string): string {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (cause) {
    return errorCode(cause) ?? String(cause);
  }
  try {
    return read(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function readTrustPolicy(path: string, uid: number): PolicyState {
  const damaged = (problem: Message): PolicyState => ({ kind: 'damaged', path, problem });
  let text: string;
  try {
    const descriptor = openSync(path, 'r');
    try {
      const problem = problemOfFile(fstatSync(descriptor), uid);
      if (problem !== null) return damaged(problem);
      text = readFileSync(descriptor, 'utf8');
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    return errorCode(cause) === 'ENOENT'
      ? { kind: 'none' }
      : damaged(unreadable(errorCode(cause) ?? String(cause)));
  }
  return policyOf(text, damaged);
}

const unreadable = (reason: string): Message => ({
  en: `it cannot be read (${reason})`,
  zh: `无法读取（${reason}）`,
});

function problemOfFile(
  file: { readonly uid: number; readonly mode: number; readonly size: number },
  uid: number,
): Message | null {
  if (file.uid !== 0 && file.uid !== uid)
    return { en: `owned by user ${file.uid}, not by root`, zh: `属主是用户 ${file.uid}，不是 root` };
  if ((file.mode & WRITABLE_BY_OTHERS) !== 0) {
    const mode = (file.mode & PERMISSIONS).toString(8);
    return {
      en: `others may write it (mode ${mode}): chmod 600`,
      zh: `其他用户可写（权限 ${mode}）：请执行 chmod 600`,
    };
  }
  return file.size > POLICY_BYTES_MAX
    ? { en: `larger than ${POLICY_BYTES_MAX} bytes`, zh: `超过 ${POLICY_BYTES_MAX} 字节` }
    : null;
}

function policyOf(text: string, damaged: (problem: Message) => PolicyState): PolicyState {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    return damaged({ en: `it is not JSON ("${words}")`, zh: `不是 JSON（“${words}”）` });
  }
  const parsed = TrustPolicy.safeParse(json);
  if (!parsed.success) return damaged(placedProblem(TrustPolicy, json, parsed.error));
  const problem = problemOf(parsed.data);
  return problem === null ? { kind: 'policy', policy: parsed.data } : damaged(problem);
}

const keyIdOf = (publicKey: string): string =>
  createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16);

/** What no schema can say: keys that are what they are called, and no more wanted than there are people. */
function problemOf({ mode, operators, signatures }: TrustPolicy): Message | null {
  const ids = new Set<string>();
  for (const { keyId, publicKey, name } of operators) {
    const is = keyIdOf(publicKey);
    if (is !== keyId)
      return { en: `the key of ${name} is ${is}, not ${keyId}`, zh: `${name} 的密钥是 ${is}，不是 ${keyId}` };
    if (ids.has(keyId)) return { en: `key ${keyId} is listed twice`, zh: `密钥 ${keyId} 重复列出` };
    ids.add(keyId);
  }
  if (mode === 'default') return null;
  for (const [effect, wanted] of Object.entries(signatures)) {
    const { count, ofGroups } = wantedOf(wanted);
    const place = `signatures.${effect}`;
    if (effect !== 'read' && count === 0)
      return { en: `${place}: only read may need none`, zh: `${place}：只有 read 可以不需要签名` };
    const people = peopleOf(operators);
    if (people < count)
      return {
        en: `${place}: ${count} are wanted of ${people} people`,
        zh: `${place}：需要 ${count} 个签名，但只有 ${people} 人`,
      };
    for (const [group, least] of Object.entries(ofGroups)) {
      const members = peopleOf(operators.filter(({ groups }) => groups?.includes(group)));
      if (members < least)
        return {
          en: `${place}: ${least} are wanted of ${members} people in ${group}`,
          zh: `${place}：需要 ${group} 的 ${least} 个签名，但该组只有 ${members} 人`,
        };
    }
  }
  return null;
}

const peopleOf = (operators: TrustPolicy['operators']): number =>
  new Set(operators.map(({ name }) => name)).size;

export const wantedOf = (
  wanted: SignaturesWanted,
): { readonly count: number; readonly ofGroups: Readonly<Record<string, number>> } =>
  typeof wanted === 'number' ? { count: wanted, ofGroups: {} } : wanted;
