/**
 * For tests: loaded into a server before its own code, it ends the process without warning at one commit of the store, at
 * the points where a program is cut in two: what is written is not committed yet; what is committed was told to nobody.
 *
 * PILOTHOUSE_TEST_DIE_AT_COMMIT: `before 17` or `after 17`, counted from the start of the process. The commits of either
 * engine are seen where they leave the program, so that the product needs no place for it.
 */
import { Socket } from 'node:net';
import { DatabaseSync } from 'node:sqlite';

interface Deadly {
  readonly side: 'before' | 'after';
  /** Counts a commit; true when it is the one. */
  readonly isIt: () => boolean;
}

function deadlyCommit(setting: string): Deadly {
  const [side, number] = setting.split(' ');
  if (side !== 'before' && side !== 'after') throw new Error(`no point of a commit: ${setting}`);
  let commits = 0;
  return {
    side,
    isIt: () => {
      commits += 1;
      return commits === Number(number);
    },
  };
}

const die = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

function dieInSqlite({ side, isIt }: Deadly): void {
  // oxlint-disable-next-line typescript/unbound-method -- it is only ever called on the database it was asked of
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string): void {
    const isDeadly = sql === 'COMMIT' && isIt();
    if (isDeadly && side === 'before') die();
    exec.call(this, sql);
    if (isDeadly) die();
  };
}

/** A statement and the word that it is done travel as text ended by a zero byte. */
const COMMIT = 'COMMIT\0';

function dieInPostgres({ side, isIt }: Deadly): void {
  // oxlint-disable-next-line typescript/unbound-method -- it is only ever called on the socket it was asked of
  const { write } = Socket.prototype;
  Socket.prototype.write = function (this: Socket, ...given: Parameters<typeof write>): boolean {
    const [bytes] = given;
    const isDeadly = Buffer.isBuffer(bytes) && bytes.includes(COMMIT) && isIt();
    if (isDeadly && side === 'before') die();
    if (isDeadly)
      this.prependListener('data', (answer: Buffer) => {
        if (answer.includes(COMMIT)) die();
      });
    return write.apply(this, given);
    // The overloads of write differ in what may be left out, and all of it is handed on.
  } as typeof write;
}

const setting = process.env['PILOTHOUSE_TEST_DIE_AT_COMMIT'];
if (setting !== undefined) {
  const deadly = deadlyCommit(setting);
  dieInSqlite(deadly);
  dieInPostgres(deadly);
}
