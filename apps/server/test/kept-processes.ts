/** For tests: the processes that a server of several keeps, as its log names them. */
import { type ServerProcess, until } from '@pilothouse/testkit';

export interface Kept {
  readonly name: string;
  readonly pid: number;
}

/** Three starts one after another, on a machine that does ten other things. */
const REPLACED_TIMEOUT_MS = 90_000;

/** Of its API. */
export const addressOf = (server: ServerProcess): string =>
  `https://127.0.0.1:${/API and console: https:\/\/[^\s:]+:(\d+)/.exec(server.log())?.[1]}`;

/** The one that bears this name now. */
export function keptProcess(server: ServerProcess, name: string): Promise<Kept> {
  return until(`process ${name} to be ready`, REPLACED_TIMEOUT_MS, async () => lastReady(server, name));
}

/** One is loaded that will take the name when its bearer dies. */
export async function untilSpare(server: ServerProcess, name: string): Promise<void> {
  await until(
    `a spare of ${name}`,
    REPLACED_TIMEOUT_MS,
    async () => pidsIn(server, 'a spare stands by', name).length > 0,
  );
}

/** Another one bears the name and is ready. */
export function untilReplaced(server: ServerProcess, { name, pid }: Kept): Promise<Kept> {
  return until(`process ${name} to be replaced`, REPLACED_TIMEOUT_MS, async () => {
    const now = lastReady(server, name);
    return now?.pid === pid ? null : now;
  });
}

function lastReady(server: ServerProcess, name: string): Kept | null {
  const pid = pidsIn(server, 'a process is ready', name).at(-1);
  return pid === undefined ? null : { name, pid };
}

const pidsIn = (server: ServerProcess, text: string, name: string): number[] =>
  server
    .log()
    .split('\n')
    .filter((line) => line.includes(`"text":"${text}"`) && line.includes(`"name":"${name}"`))
    .map((line) => Number(/"pid":(\d+)/.exec(line)?.[1]));
