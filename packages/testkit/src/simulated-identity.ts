import 'reflect-metadata/lite';
import { webcrypto } from 'node:crypto';
import { request } from 'node:https';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { ENROLMENT_TOKEN_PREFIX, EnrolmentToken, TrustBundle } from '@pilothouse/contract';
import { EnrolResponse, GATEWAY_PATHS } from '@pilothouse/wire';

/** What a host keeps after it enrolled: enough to open sessions. */
export interface SimulatedIdentity {
  readonly hostId: string;
  readonly gatewayUrl: string;
  readonly keyPem: string;
  readonly certificatePem: string;
  readonly authoritiesPem: readonly string[];
}

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** What a host makes before it asks: its key, and the request that proves it holds it. */
export interface SimulatedKey {
  readonly keyPem: string;
  readonly csrPem: string;
}

export async function newSimulatedKey(): Promise<SimulatedKey> {
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=simulated',
    keys,
    signingAlgorithm: KEY_ALGORITHM,
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    keyPem: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
    csrPem: csr.toString('pem'),
  };
}

/** Enrols one simulated host with a real key, CSR and certificate. */
export async function enrolSimulated(
  tokenText: string,
  hostName: string,
  made?: SimulatedKey,
): Promise<SimulatedIdentity> {
  const token = EnrolmentToken.parse(
    JSON.parse(Buffer.from(tokenText.slice(ENROLMENT_TOKEN_PREFIX.length), 'base64url').toString('utf8')),
  );
  const gatewayUrl = token.urls[0] ?? '';
  const { keyPem, csrPem } = made ?? (await newSimulatedKey());
  const answer = await postJson(`${gatewayUrl}${GATEWAY_PATHS.enrol}`, {
    secret: token.secret,
    csr: csrPem,
    hostName,
    arch: 'x64',
    machineId: Buffer.from(hostName).toString('hex').padEnd(32, '0').slice(0, 32),
    bootId: `boot-${hostName}`,
    agentVersion: '0.1.0-simulated',
  });
  const enrolled = EnrolResponse.parse(answer);
  return {
    hostId: enrolled.hostId,
    gatewayUrl,
    keyPem,
    certificatePem: enrolled.chain.join('\n'),
    authoritiesPem: TrustBundle.parse(JSON.parse(enrolled.trust.payload)).authorities,
  };
}

function postJson(url: string, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    // A simulated host takes whatever server the test started; pinning is the real agent's duty and tested there.
    const options = {
      method: 'POST',
      rejectUnauthorized: false,
      headers: { 'content-type': 'application/json' },
    };
    const sent = request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => {
        if (response.statusCode === 200 || response.statusCode === 201) resolve(JSON.parse(text));
        else reject(new Error(`enrol: HTTP ${response.statusCode}: ${text.slice(0, 300)}`));
      });
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}
