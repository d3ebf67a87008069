import { setTimeout as delay } from 'node:timers/promises';
import { renderMessage } from '@pilothouse/contract';
import type { CommandLine } from '../command-line.ts';
import { type DataDirectory, removeIfThere, writeDurably } from '../data-directory.ts';
import { agentMessages } from '../messages.ts';
import { readSessionStatus } from '../read-session-status.ts';
import { unusable, usableDirectory } from './usable-directory.ts';

/** What a busy agent may take to notice. */
const TOLD_WITHIN_MS = 5_000;
/** The agent is another process, and its status file all that it says here. */
const LOOK_EVERY_MS = 50;

/**
 * `hold` and `release`: whether this host takes tasks, decided on the host alone. A running agent sees it at the next offer;
 * this waits until it has told the server too, so that a task which is sent after a release is not skipped for the hold.
 */
export async function hold(line: CommandLine): Promise<number> {
  const data = usableDirectory(line.dataDirectory);
  const isHold = line.verb === 'hold';
  try {
    if (isHold) writeDurably(data.hold, `${line.words.join(' ')}\n`);
    else removeIfThere(data.hold);
  } catch (cause) {
    throw unusable(data.path, cause);
  }
  const isTold = await untilTold(data, isHold);
  const messages = [
    isHold ? agentMessages.held : agentMessages.released,
    ...(isTold ? [] : [agentMessages.notTold]),
  ];
  for (const message of messages) process.stdout.write(`${renderMessage(message, line.language)}\n`);
  return 0;
}

/** False: there is a session, and the server has not heard of it. */
async function untilTold(data: DataDirectory, isHeld: boolean): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < TOLD_WITHIN_MS; waitedMs += LOOK_EVERY_MS) {
    const session = readSessionStatus(data);
    // An older agent says nothing of it, and one without a session says it when it has one.
    if (session.kind !== 'connected' || session.isHeld === undefined || session.isHeld === isHeld)
      return true;
    await delay(LOOK_EVERY_MS);
  }
  return false;
}
