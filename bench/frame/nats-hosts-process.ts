/** Hosts of the NATS peer in a process of their own: one connection each, an answer of the size of an outcome for every request. */
import { connect } from 'node:net';
import { mapConcurrently } from './map-concurrently.ts';

const CONCURRENT = 64;
const ANSWER = 'y'.repeat(400);
const REPLY = `PUB inbox ${ANSWER.length}\r\n${ANSWER}\r\n`;

interface Share {
  readonly port: number;
  readonly hosts: number;
  readonly localAddress: string;
}

function openHost({ port, localAddress }: Share): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.once('error', reject);
    socket.on('data', (piece: string) => {
      if (piece.includes('PONG')) resolve();
      // The server asks now and then whether the host is there.
      if (piece.includes('PING')) socket.write('PONG\r\n');
      if (piece.includes('MSG cmd')) socket.write(REPLY);
    });
    socket.write('CONNECT {"verbose":false}\r\nSUB cmd 1\r\nPING\r\n');
  });
}

process.once('message', (share: Share) => {
  mapConcurrently(share.hosts, CONCURRENT, () => openHost(share)).then(
    () => process.send?.('ready'),
    (cause: unknown) => {
      process.stderr.write(`${cause instanceof Error ? cause.stack : String(cause)}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit());
