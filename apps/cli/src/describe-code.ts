import type { Described } from '@pilothouse/cli-kit';
import { cliErrors, moment } from '@pilothouse/cli-kit';
import { clientErrors } from '@pilothouse/client';
import * as contract from '@pilothouse/contract';
import { type ErrorDetails, type ErrorTable, type Language, renderMessage } from '@pilothouse/contract';

/**
 * Every error table that the contract exports under a name ending in `Errors`, so that a new room's codes are known here
 * without a line of ours.
 */
const kernelTables: ErrorTable[] = Object.entries(contract)
  .filter(([name]) => name.endsWith('Errors') && name !== 'defineErrors')
  // The naming rule is the contract's own (a test holds it); values under these names are error tables.
  .map(([, table]) => table as ErrorTable);

export function createDescriber(
  language: Language,
  pluginTables: readonly ErrorTable[],
): (code: string, details: ErrorDetails) => Described {
  const rows: ErrorTable = Object.assign({}, ...kernelTables, clientErrors, cliErrors, ...pluginTables);
  return (code, sent) => {
    const row = rows[code];
    if (row === undefined) return { title: code, hint: '' };
    const details = Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, asRead(value)]));
    return {
      title: renderMessage(row.title, language, details),
      hint: renderMessage(row.hint, language, details),
    };
  };
}

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
/** Moments stand in a text as they stand in a table. */
const asRead = (value: unknown): unknown =>
  typeof value === 'string' && TIMESTAMP.test(value) ? moment(value) : value;
