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
import { type SignaturesWanted, TrustPolicy } from '@pilothouse/contract';

/** A thousand revoked mandates and every key of a large house fit many times. */
const POLICY_BYTES_MAX = 1024 * 1024;
const WRITABLE_BY_OTHERS = 0o022;
/** Bits of a mode that say who may do what; the rest says what kind of file it is. */
const PERMISSIONS = 0o777;

export type PolicyState =
  | { readonly kind: 'none' }
  | { readonly kind: 'policy'; readonly policy: TrustPolicy }
  | { readonly kind: 'damaged'; readonly path: string; readonly problem: string };

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
  const damaged = (problem: string): PolicyState => ({ kind: 'damaged', path, problem });
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
    return errorCode(cause) === 'ENOENT' ? { kind: 'none' } : damaged(errorCode(cause) ?? String(cause));
  }
  return policyOf(text, damaged);
}

function problemOfFile(
  file: { readonly uid: number; readonly mode: number; readonly size: number },
  uid: number,
): string | null {
  if (file.uid !== 0 && file.uid !== uid) return `owned by user ${file.uid}, not by root`;
  if ((file.mode & WRITABLE_BY_OTHERS) !== 0)
    return `others may write it (mode ${(file.mode & PERMISSIONS).toString(8)}): chmod 600`;
  return file.size > POLICY_BYTES_MAX ? `larger than ${POLICY_BYTES_MAX} bytes` : null;
}

function policyOf(text: string, damaged: (problem: string) => PolicyState): PolicyState {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return damaged(cause instanceof Error ? cause.message : 'not JSON');
  }
  const parsed = TrustPolicy.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return damaged(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const problem = problemOf(parsed.data);
  return problem === null ? { kind: 'policy', policy: parsed.data } : damaged(problem);
}

const keyIdOf = (publicKey: string): string =>
  createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16);

/** What no schema can say: keys that are what they are called, and no more wanted than there are people. */
function problemOf({ mode, operators, signatures }: TrustPolicy): string | null {
  const ids = new Set<string>();
  for (const { keyId, publicKey, name } of operators) {
    if (keyIdOf(publicKey) !== keyId) return `the key of ${name} is ${keyIdOf(publicKey)}, not ${keyId}`;
    if (ids.has(keyId)) return `key ${keyId} is listed twice`;
    ids.add(keyId);
  }
  if (mode === 'default') return null;
  for (const [effect, wanted] of Object.entries(signatures)) {
    const { count, ofGroups } = wantedOf(wanted);
    if (effect !== 'read' && count === 0) return `signatures.${effect}: only read may need none`;
    if (peopleOf(operators) < count)
      return `signatures.${effect}: ${count} are wanted of ${peopleOf(operators)} people`;
    for (const [group, least] of Object.entries(ofGroups)) {
      const members = peopleOf(operators.filter(({ groups }) => groups?.includes(group)));
      if (members < least)
        return `signatures.${effect}: ${least} are wanted of ${members} people in ${group}`;
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
