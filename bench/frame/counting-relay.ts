import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Passes connections on to a port of the same address, and counts the bytes of both directions, TLS included. */
export interface CountingRelay {
  readonly port: number;
  bytes(): number;
  /** Ends every connection; new ones are taken. */
  cut(): void;
  close(): void;
}

export async function openRelay(target: number, address = '127.0.0.1'): Promise<CountingRelay> {
  const open = new Set<Socket>();
  let bytes = 0;
  const pass = (from: Socket, to: Socket): void => {
    open.add(from);
    from.on('data', (piece) => {
      bytes += piece.length;
      to.write(piece);
    });
    from.on('error', () => to.destroy());
    from.once('close', () => {
      open.delete(from);
      to.end();
    });
  };
  const server = createServer((near) => {
    const far = connect(target, address);
    pass(near, far);
    pass(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    // A listener on TCP has an address of this shape.
    port: (server.address() as AddressInfo).port,
    bytes: () => bytes,
    cut,
    close() {
      cut();
      server.close();
    },
  };
}
