import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that the system gives to connections, so that ten thousand agents cannot take them while a server is away. */
const FIRST = 20_000;
const COUNT = 12_000;
const ATTEMPTS_MAX = 50;

/** A port of this address that nobody has, drawn by lot: two benchmarks at once take different ones. */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await isFree(address, port)) return port;
  }
  throw new Error(`no free port of ${address} in ${ATTEMPTS_MAX} attempts`);
}

async function isFree(address: string, port: number): Promise<boolean> {
  const server = createServer();
  const listened = new Promise<boolean>((resolve) => {
    server.once('listening', () => resolve(true));
    server.once('error', () => resolve(false));
  });
  server.listen(port, address);
  if (!(await listened)) return false;
  const closed = once(server, 'close');
  server.close();
  await closed;
  return true;
}
