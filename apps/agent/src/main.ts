/** The agent's program: reads the line, loads what the verb needs and nothing more, and ends with an exit code. */
import { agentCommandErrors, type ErrorTable, isAppError, renderMessage } from '@pilothouse/contract';
import { languageOfLine, readCommandLine } from './command-line.ts';
import { agentMessages } from './messages.ts';
import { NODE_MAJOR_MIN } from './version.ts';

const EXIT_USAGE = 2;
const EXIT_BY_CODE: Readonly<Record<string, number>> = {
  AGENT_USAGE: EXIT_USAGE,
  AGENT_TOKEN_INVALID: EXIT_USAGE,
  AGENT_FACT_UNKNOWN: EXIT_USAGE,
  AGENT_ENROL_REFUSED: 3,
  AGENT_PIN_MISMATCH: 3,
  AGENT_UNREACHABLE: 4,
  AGENT_ANSWER_INVALID: 4,
};

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const language = languageOfLine(args, process.env);
  if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
    const parameters = { wanted: NODE_MAJOR_MIN, found: process.versions.node };
    process.stderr.write(`${renderMessage(agentMessages.nodeTooOld, language, parameters)}\n`);
    return 1;
  }
  try {
    const line = readCommandLine(args, process.env);
    const { runVerb } = await import('./commands/run-verb.ts');
    return await runVerb(line);
  } catch (error) {
    if (!isAppError(error)) throw error;
    const table: ErrorTable = agentCommandErrors;
    const row = table[error.code];
    if (row === undefined) throw error;
    const title = renderMessage(row.title, language, error.details);
    const hint = renderMessage(row.hint, language, error.details);
    process.stderr.write(`${title}\n${hint}\n${error.code}\n`);
    return EXIT_BY_CODE[error.code] ?? 1;
  }
}

// Whoever reads our output may stop reading: `facts | head`.
process.stdout.on('error', () => process.exit(0));
process.exitCode = await main();
