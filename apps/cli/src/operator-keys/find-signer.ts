import { type Client, collectAll, listAll } from '@pilothouse/client';
import { AppError, type OperatorKey, operatorKeyRoutes } from '@pilothouse/contract';
import type { AppContext } from '../app-context.ts';
import { keyDirectory, readKeyFiles } from './key-file.ts';
import type { Signer } from './signer.ts';
import { sshAgentSigners } from './ssh-agent.ts';

const PASSPHRASE_CHARS_MAX = 1024;
const PAGE_SIZE = 1000;

/** Asks on the terminal; a script says it in PILOTHOUSE_PASSPHRASE. */
export async function askPassphrase(context: AppContext, path: string): Promise<string> {
  const given = context.environment['PILOTHOUSE_PASSPHRASE'];
  if (given !== undefined) return given;
  const question = context.say({ en: 'Passphrase of {path}: ', zh: '{path} 的口令：' }, { path });
  const answer = await context.terminal.ask(question, { isSecret: true });
  if (answer === null)
    throw new AppError('CLI_ARGUMENT_MISSING', { command: 'pilothouse', argument: 'PILOTHOUSE_PASSPHRASE' });
  return answer.slice(0, PASSPHRASE_CHARS_MAX);
}

export const keyFilesOf = (context: AppContext): Promise<Signer[]> =>
  readKeyFiles(keyDirectory(context.sites.directory), (path) => askPassphrase(context, path));

export const agentKeysOf = (context: AppContext): Promise<Signer[]> =>
  sshAgentSigners(context.environment['SSH_AUTH_SOCK']);

/** Every key that can sign here; an ssh-agent that is not there is no reason to stop. */
export async function allSigners(context: AppContext): Promise<Signer[]> {
  const files = await keyFilesOf(context);
  const agents = await agentKeysOf(context).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'CLI_SSH_AGENT_UNUSABLE') return [];
    throw error;
  });
  return [...files, ...agents];
}

export const registeredKeys = (client: Client, owner?: string): Promise<OperatorKey[]> =>
  collectAll(
    listAll((cursor) =>
      client.call(operatorKeyRoutes.list, {
        query: {
          limit: PAGE_SIZE,
          ...(owner === undefined ? {} : { owner }),
          ...(cursor === undefined ? {} : { cursor }),
        },
      }),
    ),
  );

/** The one key to sign with: named by `--key`, or the only one here that the server knows and that is still good. */
export async function findSigner(
  context: AppContext,
  client: Client,
  wished: string | undefined,
): Promise<Signer> {
  const signers = await allSigners(context);
  if (wished !== undefined) return named(signers, wished);
  const nowMs = context.clock.now();
  const known = new Set(
    (await registeredKeys(client))
      .filter(({ revokedAt, expiresAt }) => revokedAt === null && Date.parse(expiresAt) > nowMs)
      .map(({ id }) => id),
  );
  return only(signers.filter(({ keyId }) => known.has(keyId)));
}

/** By id, by the start of an id, or by name. AppError CLI_KEY_NONE, CLI_KEY_AMBIGUOUS. */
export function named(signers: readonly Signer[], wished: string): Signer {
  return only(signers.filter(({ keyId, name }) => name === wished || keyId.startsWith(wished)));
}

export function only(signers: readonly Signer[]): Signer {
  const distinct = new Map(signers.map((signer) => [signer.keyId, signer]));
  const [first, second] = [...distinct.values()];
  if (first === undefined) throw new AppError('CLI_KEY_NONE');
  if (second === undefined) return first;
  const keys = [...distinct.values()].map(({ keyId, name }) => `${keyId} (${name})`).join(', ');
  throw new AppError('CLI_KEY_AMBIGUOUS', { keys });
}
