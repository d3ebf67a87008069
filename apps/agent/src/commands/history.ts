import type { HistoryRecord } from '@pilothouse/contract';
import type { CommandLine } from '../command-line.ts';
import { readHistory } from '../journal/history-file.ts';
import { usableDirectory } from './usable-directory.ts';

/** `history`: what this host did, when, and by whose word, oldest first; with --json as lines for `pilothouse audit hosts`. */
export async function history(line: CommandLine): Promise<number> {
  const records = readHistory(usableDirectory(line.dataDirectory).history);
  const lines = line.isJson ? records.map((record) => JSON.stringify(record)) : records.map(describe);
  process.stdout.write(lines.map((text) => `${text}\n`).join(''));
  return 0;
}

/** One line with tabs, as the other verbs print. */
function describe(record: HistoryRecord): string {
  const { at, taskId, attempt } = record;
  if (record.kind === 'ended')
    return [at, `${taskId}#${attempt}`, record.outcome, record.code ?? ''].join('\t');
  const wave = record.wave === null ? '-' : String(record.wave + 1);
  const word = [record.by, ...record.keys].join(' ');
  const plan = record.planDigest.slice(0, 16);
  return [at, `${taskId}#${attempt}`, record.taskKind, plan, wave, record.actions.join(','), word].join('\t');
}
