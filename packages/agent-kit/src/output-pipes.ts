/**
 * Named pipes between a task's program and the agent.
 *
 * Problem: a pipe that belongs to the agent breaks when the agent dies, and the next write then kills the program: an
 * upgrade of packages ended half way because the agent was restarted. What node makes for a child is a socket moreover,
 * which programs that open /dev/stdout cannot open.
 *
 * Rule: each stream is a named pipe in the task's directory. The program gets it open for reading and writing, so a write
 * never fails while the program itself lives; without a reader it waits once the pipe is full. A restarted agent opens the
 * pipe again and drains it. The reader sees the end when the last program that holds the pipe has gone.
 *
 * Limits: needs `mkfifo`; without it the caller falls back to node's own pipes.
 */
import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

export interface OutputPipe {
  /** For the child's stdio; closed by `handedOver` once the child has it. */
  readonly childFd: number;
  readonly reader: Socket;
  handedOver(): void;
}

/** Null when this host cannot make named pipes. */
export async function openOutputPipes(
  directory: string,
  names: readonly [string, string],
): Promise<readonly [OutputPipe, OutputPipe] | null> {
  const paths = names.map((name) => join(directory, name));
  for (const path of paths) rmSync(path, { force: true });
  // Others may write: a program under another user opens its own /dev/stdout again. The directory stays closed to them.
  if (!(await makePipes(paths))) return null;
  const [first = '', second = ''] = paths;
  return [openPipe(first), openPipe(second)];
}

/** Reads what is left in the pipe of a program that outlived its agent; null when there is no such pipe. */
export function openLeftPipe(path: string): Socket | null {
  try {
    return readerOf(path);
  } catch {
    // Nothing to drain: the task had started no program, or its directory is gone.
    return null;
  }
}

function openPipe(path: string): OutputPipe {
  const childFd = openSync(path, constants.O_RDWR);
  const reader = readerOf(path);
  return { childFd, reader, handedOver: () => closeSync(childFd) };
}

const readerOf = (path: string): Socket =>
  new Socket({
    fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  });

const makePipes = (paths: readonly string[]): Promise<boolean> =>
  new Promise((resolve) => {
    execFile('mkfifo', ['-m', '0622', ...paths], (error) => resolve(error === null));
  });
