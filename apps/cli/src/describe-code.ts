import type { Described } from '@pilothouse/cli-kit';
import { cliErrors } from '@pilothouse/cli-kit';
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
  return (code, details) => {
    const row = rows[code];
    if (row === undefined) return { title: code, hint: '' };
    return {
      title: renderMessage(row.title, language, details),
      hint: renderMessage(row.hint, language, details),
    };
  };
}
