import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import { createTransport } from 'nodemailer';
import type { AddressGuard } from './address-guard.ts';
import type { EmailTarget, OutgoingMessage } from './outgoing.ts';

/** Resolves when the server took the message for all receivers; throws otherwise. */
export async function sendEmail(
  target: EmailTarget,
  message: OutgoingMessage,
  { guard }: { readonly guard: AddressGuard },
): Promise<void> {
  const { host, port, tls, user, password, timeoutMs, caPem, from, to } = target;
  const transport = createTransport({
    // The address that was judged; the certificate is checked against the name.
    host: await guard.resolve(host),
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    tls: {
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(caPem === null ? {} : { ca: [...rootCertificates, caPem] }),
    },
    ...(user === null ? {} : { auth: { user, pass: password ?? '' } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    // A message is text: it never names a file or a URL for this server to read.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const { rejected } = await transport.sendMail({
      from,
      to: [...to],
      subject: message.subject,
      text: `${message.text}\n\n${JSON.stringify(message.data, null, 2)}\n`,
      messageId: `<${message.id}@pilothouse>`,
      headers: { 'X-Pilothouse-Delivery': message.id, 'Auto-Submitted': 'auto-generated' },
    });
    if (rejected.length > 0) throw new Error(`refused for ${rejected.length} of ${to.length} receivers`);
  } finally {
    transport.close();
  }
}
