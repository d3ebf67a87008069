/**
 * How full file systems are, asked by the process that stays.
 *
 * Problem: asking one whose disk or other side is gone may take for ever, and each question that waits holds one of the few
 * threads that the whole agent has for files and names. Heartbeats and watches ask every minute.
 *
 * Rule: one question at a time, whoever asks. Who has no answer in ANSWER_WAIT_MS goes without, and so does everybody else at
 * once until the one that hangs comes back.
 */
import type { HostAccess } from '@pilothouse/agent-kit';
import { type Clock, SECOND_MS } from '@pilothouse/base';

/** Any that is well answers in less than a thousandth of it. */
const ANSWER_WAIT_MS = 2 * SECOND_MS;

type DiskStat = HostAccess['statFileSystem'];

export function createDiskStat(host: Pick<HostAccess, 'statFileSystem'>, clock: Clock): DiskStat {
  let last: Promise<unknown> = Promise.resolve();
  let isStuck = false;
  return async (path) => {
    if (isStuck) return null;
    const answer = last.then(() => host.statFileSystem(path)).catch(() => null);
    last = answer;
    return new Promise((resolve) => {
      const cancel = clock.after(ANSWER_WAIT_MS, () => {
        isStuck = true;
        resolve(null);
      });
      void answer.then((found) => {
        cancel();
        isStuck = false;
        resolve(found);
      });
    });
  };
}
