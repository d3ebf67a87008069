import { randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { AppError } from '@pilothouse/contract';
import { type DataDirectory, readIfThere, writeDurably } from './data-directory.ts';

const NAME_BYTES = 16;

/**
 * Makes sure that one agent alone works on a directory: two would write one journal. The claim is a socket in the kernel's
 * abstract name space, so it ends with the process however that ends; its name is a secret of the directory, so nobody
 * else can take it. Nothing is ever said over it. AppError AGENT_RUNS_ALREADY.
 */
export async function claimDirectory(data: DataDirectory): Promise<void> {
  let name = readIfThere(data.instance)?.trim();
  if (name === undefined || name === '') {
    name = randomBytes(NAME_BYTES).toString('hex');
    writeDurably(data.instance, `${name}\n`);
  }
  const server = createServer((socket) => socket.destroy());
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(cause.code === 'EADDRINUSE' ? new AppError('AGENT_RUNS_ALREADY', { path: data.path }) : cause),
    );
    server.listen(socketOf(name), resolve);
  });
}

const socketOf = (name: string): string => `\0pilothouse-agent-${name}`;

/** Whether an agent works on the directory now. */
export function isClaimed(data: DataDirectory): Promise<boolean> {
  const name = readIfThere(data.instance)?.trim() ?? '';
  if (name === '') return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect(socketOf(name));
    const answer = (isTaken: boolean): void => {
      socket.destroy();
      resolve(isTaken);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
