import { once } from 'node:events';
import { connect } from 'node:tls';
import { DAY_MS } from '@pilothouse/base';
import { type DoctorFinding, ok, warning } from './finding.ts';

const ANSWER_TIMEOUT_MS = 3000;
/** Renewal comes long before; so late it has failed for a while. */
const CERTIFICATE_DAYS_MIN = 7;

/** A server that listens on all addresses answers on this one. */
const OF_ALL: Readonly<Record<string, string>> = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Whether our server answers where it is to listen, and for how long its certificate is good. */
export async function checkListener(
  what: string,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<DoctorFinding[]> {
  // Only the dates are read, and nothing is sent: whose the certificate is makes no difference here.
  const socket = connect({
    host: OF_ALL[host] ?? host,
    port,
    rejectUnauthorized: false,
    timeout: ANSWER_TIMEOUT_MS,
  });
  try {
    await Promise.race([
      once(socket, 'secureConnect'),
      once(socket, 'timeout').then(() => {
        throw Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
      }),
    ]);
    const days = Math.floor((Date.parse(socket.getPeerCertificate().valid_to) - Date.now()) / DAY_MS);
    return [
      ok('listening', { what, port }),
      days < CERTIFICATE_DAYS_MIN
        ? warning('certificateEnds', { port, days })
        : ok('certificate', { port, days }),
    ];
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const isNobody = code === 'ECONNREFUSED' || code === 'ETIMEDOUT';
    return [warning(isNobody ? 'notListening' : 'foreignListener', { what, port })];
  } finally {
    socket.destroy();
  }
}
