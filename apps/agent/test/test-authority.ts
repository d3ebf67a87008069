/** For tests: an authority, envelope keys and envelopes, made like a server makes them. */
import 'reflect-metadata';
import { createHash, generateKeyPairSync, type KeyObject, sign, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import {
  type ActionSpec,
  actionSchemaDigest,
  batchLeafText,
  buildTree,
  ENVELOPE_TAG,
  type Envelope,
  type EnvelopePayload,
  type JsonObject,
  type PlanHeader,
  planDigest,
  proofOf,
  rootOf,
  type SignedTrustBundle,
  type Step,
  type StepAction,
  signedBatchText,
  TIME_TAG,
  TRUST_TAG,
  type TrustBundle,
  toTimestamp,
  treeOfTexts,
} from '@pilothouse/contract';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR_MS = 3_600_000;
export const HOST_ID = 'h_000000000000000001';

export interface EnvelopeKeyPair {
  readonly id: string;
  readonly raw: string;
  readonly privateKey: KeyObject;
}

export function newEnvelopeKey(): EnvelopeKeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return {
    id: createHash('sha256').update(raw).digest('hex').slice(0, 16),
    raw: raw.toString('base64'),
    privateKey,
  };
}

export const signWith = (key: EnvelopeKeyPair, tag: string, text: string) => ({
  keyId: key.id,
  value: sign(null, Buffer.from(tag + text), key.privateKey).toString('base64'),
});

export const signTime = (key: EnvelopeKeyPair, at: string) => signWith(key, TIME_TAG, at);

export function signBundle(bundle: TrustBundle, key: EnvelopeKeyPair): SignedTrustBundle {
  const payload = JSON.stringify(bundle);
  return { payload, signatures: [signWith(key, TRUST_TAG, payload)] };
}

export interface TestAuthority {
  readonly certificate: X509Certificate;
  readonly pem: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly pin: string;
}

const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
const serial = () => Buffer.from(webcrypto.getRandomValues(new Uint8Array(8))).toString('hex');

export async function newAuthority(name = 'CN=test authority'): Promise<TestAuthority> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name,
    notBefore: new Date(Date.now() - HOUR_MS),
    notAfter: new Date(Date.now() + 24 * HOUR_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  return {
    certificate,
    keys,
    pem: `${certificate.toString('pem')}\n`,
    pin: createHash('sha256').update(new Uint8Array(certificate.rawData)).digest('hex'),
  };
}

async function issue(
  authority: TestAuthority,
  leaf: {
    readonly subject: string;
    readonly publicKey: webcrypto.CryptoKey | Pkcs10CertificateRequest['publicKey'];
    readonly lifeMs: number;
    readonly ageMs: number;
  },
): Promise<string> {
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: leaf.subject,
    issuer: authority.certificate.subject,
    notBefore: new Date(Date.now() - leaf.ageMs),
    notAfter: new Date(Date.now() - leaf.ageMs + leaf.lifeMs),
    signingAlgorithm: ALGORITHM,
    publicKey: leaf.publicKey,
    signingKey: authority.keys.privateKey,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  return `${certificate.toString('pem')}\n`;
}

/** The server's own certificate with its key, both in PEM, the authority's behind it. */
export async function issueServer(authority: TestAuthority): Promise<{ cert: string; key: string }> {
  const keys = await newKeys();
  const leaf = { subject: 'CN=server', publicKey: keys.publicKey, lifeMs: 24 * HOUR_MS, ageMs: HOUR_MS };
  const cert = await issue(authority, leaf);
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const key = `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}(?=.)/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
  return { cert: cert + authority.pem, key };
}

/** A host's certificate for the key of its request. */
export function issueHost(
  authority: TestAuthority,
  csr: string,
  wish: { readonly hostId?: string; readonly lifeMs?: number; readonly ageMs?: number } = {},
): Promise<string> {
  const { hostId = HOST_ID, lifeMs = 24 * HOUR_MS, ageMs = HOUR_MS } = wish;
  const { publicKey } = new Pkcs10CertificateRequest(csr);
  return issue(authority, { subject: `CN=${hostId}`, publicKey, lifeMs, ageMs });
}

export interface EnvelopeWish {
  readonly spec: ActionSpec;
  readonly parameters: JsonObject;
  /** The actions of the step after the first. */
  readonly more?: readonly {
    readonly spec: ActionSpec;
    readonly parameters: JsonObject;
    readonly when?: StepAction['when'];
  }[];
  readonly payload?: Partial<EnvelopePayload>;
  readonly header?: Partial<PlanHeader>;
  readonly nowMs?: number;
}

/** A payload as a server would make it for HOST_ID: its step is the second of three. */
export function payloadOf(wish: EnvelopeWish): EnvelopePayload {
  const { spec, parameters, more = [], nowMs = Date.now() } = wish;
  const stepOf = (hostId: string): Step => ({
    hostId,
    actions: [{ spec, parameters }, ...more].map((each) => ({
      action: each.spec.name,
      parameters: each.parameters,
      contents: [],
      undo: null,
      ...('when' in each && each.when !== undefined ? { when: each.when } : {}),
    })),
  });
  const steps = [stepOf('h_000000000000000000'), stepOf(HOST_ID), stepOf('h_000000000000000002')];
  const tree = buildTree(steps);
  const at = (offsetMs: number): string => toTimestamp(nowMs + offsetMs);
  const header: PlanHeader = {
    version: 1,
    title: 'test',
    createdBy: 'u_1',
    createdAt: at(0),
    notBefore: at(-HOUR_MS),
    expiresAt: at(HOUR_MS),
    target: { selector: 'true' },
    strategy: {
      waves: { kind: 'all' },
      inFlightMax: 10,
      failuresMax: null,
      offline: 'wait',
      taskTimeoutMs: 60_000,
      factsAgeMaxMs: null,
    },
    actionSchemas: Object.fromEntries(
      [spec, ...more.map((each) => each.spec)].map((each) => [each.name, actionSchemaDigest(each)]),
    ),
    stepsRoot: rootOf(tree),
    stepsCount: steps.length,
    retryOf: null,
    ...wish.header,
  };
  return {
    version: 1,
    kind: 'run',
    planDigest: planDigest(header),
    header,
    step: stepOf(HOST_ID),
    stepIndex: 1,
    proof: proofOf(tree, 1),
    rolloutId: 'r_000000000000000001',
    taskId: 't_1',
    attempt: 1,
    notBefore: at(-60_000),
    notAfter: at(600_000),
    timeoutMs: 30_000,
    outputBytesMax: 1024 * 1024,
    serverTime: at(0),
    ...wish.payload,
  };
}

export function sealEnvelope(payload: EnvelopePayload, key: EnvelopeKeyPair): Envelope {
  const text = JSON.stringify(payload);
  return { payload: text, signatures: [signWith(key, ENVELOPE_TAG, text)] };
}

/** Under one signature. */
export function sealTogether(payloads: readonly EnvelopePayload[], key: EnvelopeKeyPair): Envelope[] {
  const texts = payloads.map((payload) => JSON.stringify(payload));
  const tree = treeOfTexts(texts.map(batchLeafText));
  const { tag, text } = signedBatchText(texts.length, rootOf(tree));
  const signatures = [signWith(key, tag, text)];
  return texts.map((payload, index) => ({
    payload,
    signatures,
    batch: { index, count: texts.length, proof: proofOf(tree, index) },
  }));
}
