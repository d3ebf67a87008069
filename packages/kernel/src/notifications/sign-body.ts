import { createHmac } from 'node:crypto';

/** Of the body as it is sent, at `atSeconds` since the epoch, so that an old message cannot be sent again later. */
export function signatureHeader(secret: string, atSeconds: number, body: string): string {
  const digest = createHmac('sha256', secret).update(`${atSeconds}.${body}`).digest('hex');
  return `t=${atSeconds},v1=${digest}`;
}
