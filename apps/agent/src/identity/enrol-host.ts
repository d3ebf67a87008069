/**
 * Enrolment: from a token to an identity.
 *
 * The token names gateways, a secret and the fingerprint of the installation's authority. The agent first looks at what
 * the server presents and finds the pinned authority in it; then it connects again, TLS judging the server by that
 * authority alone, and only over this connection says the secret. So whoever stands in between learns nothing.
 */
import { errorCode } from '@pilothouse/base';
import {
  AppError,
  ENROLMENT_TOKEN_PREFIX,
  EnrolmentToken,
  type Language,
  Problem,
  TrustBundle,
} from '@pilothouse/contract';
import { type EnrolRequest, EnrolResponse, GATEWAY_PATHS } from '@pilothouse/wire';
import type { DataDirectory } from '../data-directory.ts';
import { askGateway } from '../session/ask-gateway.ts';
import type { Dialler } from '../session/dial.ts';
import { describeHost } from './host-description.ts';
import { identityOf, writeIdentity } from './host-identity.ts';
import { pinnedAuthority } from './pinned-authority.ts';
import { writeTrust } from './trust-store.ts';

export interface Enrolled {
  readonly hostId: string;
  readonly state: 'active' | 'pending';
  readonly url: string;
}

export interface EnrolWorld {
  readonly data: DataDirectory;
  readonly dialler: Dialler;
  readonly agentVersion: string;
  /** In which the server is asked to say why it refuses. */
  readonly language: Language;
}

/** AppError AGENT_TOKEN_INVALID, AGENT_PIN_MISMATCH, AGENT_UNREACHABLE, AGENT_ENROL_REFUSED. */
export async function enrolHost(tokenText: string, world: EnrolWorld): Promise<Enrolled> {
  const token = parseToken(tokenText);
  const { makeKeyRequest } = await import('./make-key-request.ts');
  const { keyPem, csr } = await makeKeyRequest();
  const request: EnrolRequest = {
    secret: token.secret,
    csr,
    agentVersion: world.agentVersion,
    ...describeHost(),
  };
  const { url, response } = await askFirst(token, request, world);
  // The first bundle is believed because the pinned connection brought it; later ones are signed by keys of this one.
  const trust = TrustBundle.parse(JSON.parse(response.trust.payload));
  const identity = identityOf({ keyPem, chain: response.chain, urls: token.urls }, trust.authorities);
  if (identity === null || identity.hostId !== response.hostId) {
    throw new AppError('AGENT_ANSWER_INVALID', { url: url.origin });
  }
  writeTrust(world.data.trust, response.trust);
  writeIdentity(world.data.identity, identity);
  return { hostId: response.hostId, state: response.state, url: url.origin };
}

export function parseToken(text: string): EnrolmentToken {
  const trimmed = text.trim();
  try {
    if (!trimmed.startsWith(ENROLMENT_TOKEN_PREFIX)) throw new Error('prefix');
    const body = Buffer.from(trimmed.slice(ENROLMENT_TOKEN_PREFIX.length), 'base64url').toString('utf8');
    return EnrolmentToken.parse(JSON.parse(body));
  } catch (cause) {
    throw new AppError('AGENT_TOKEN_INVALID', {}, { cause });
  }
}

/** Asks the gateways in turn; the first that answers decides. */
async function askFirst(
  token: EnrolmentToken,
  request: EnrolRequest,
  world: EnrolWorld,
): Promise<{ url: URL; response: EnrolResponse }> {
  let failure: AppError | null = null;
  for (const address of token.urls) {
    const url = new URL(address);
    try {
      return { url, response: await askOne(url, { token, request, world }) };
    } catch (cause) {
      if (cause instanceof AppError && cause.code !== 'AGENT_PIN_MISMATCH') throw cause;
      failure =
        cause instanceof AppError
          ? cause
          : new AppError('AGENT_UNREACHABLE', { url: url.origin, reason: reasonOf(cause) }, { cause });
    }
  }
  throw failure ?? new AppError('AGENT_TOKEN_INVALID');
}

async function askOne(
  url: URL,
  { token, request, world }: { token: EnrolmentToken; request: EnrolRequest; world: EnrolWorld },
): Promise<EnrolResponse> {
  const { dialler, language } = world;
  const probe = await dialler.dial(url, { authorities: null });
  const authority = pinnedAuthority(probe, token.pin);
  probe.destroy();
  if (authority === null) throw new AppError('AGENT_PIN_MISMATCH', { url: url.origin });
  const answer = await askGateway(
    dialler,
    { url, trust: { authorities: [authority] } },
    {
      method: 'POST',
      path: GATEWAY_PATHS.enrol,
      headers: { 'content-type': 'application/json', 'accept-language': language },
      body: JSON.stringify(request),
    },
  );
  if (answer.status !== 200 && answer.status !== 201) throw refusalOf(answer, url);
  return EnrolResponse.parse(JSON.parse(answer.text));
}

function refusalOf(answer: { status: number; text: string }, url: URL): AppError {
  try {
    const { code, title, hint } = Problem.parse(JSON.parse(answer.text));
    return new AppError('AGENT_ENROL_REFUSED', { code, title, hint, url: url.origin });
  } catch {
    // Whatever answered is no gateway, or one that is broken.
    return new AppError('AGENT_ANSWER_INVALID', { url: url.origin, status: answer.status });
  }
}

const reasonOf = (cause: unknown): string =>
  errorCode(cause) ?? (cause instanceof Error ? cause.message : String(cause));
