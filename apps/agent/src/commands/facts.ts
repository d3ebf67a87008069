import { collectFact } from '@pilothouse/agent-kit';
import { systemClock } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import type { CommandLine } from '../command-line.ts';
import { agentPlugins } from '../plugins.ts';
import { collectorsOf } from './collect.ts';

/** `facts [NAME]`: one JSON object with all facts, or the body of one. */
export async function facts(line: CommandLine): Promise<number> {
  const collectors = await collectorsOf(agentPlugins);
  const [wanted] = line.words;
  const chosen = collectors.filter((collector) => wanted === undefined || collector.fact.name === wanted);
  if (chosen.length === 0) {
    const known = collectors.map((collector) => collector.fact.name).join(' ');
    throw new AppError('AGENT_FACT_UNKNOWN', { fact: wanted, known });
  }
  // The clock's timers hold nothing alive, and a collector may wait on nothing else.
  const alive = setInterval(() => {}, 2 ** 30);
  const all: Record<string, unknown> = {};
  for (const collector of chosen) {
    const { report, text } = await collectFact(collector, { clock: systemClock });
    all[collector.fact.name] =
      report.kind === 'present'
        ? { digest: report.digest, unknownLines: report.unknownLines, body: JSON.parse(text ?? 'null') }
        : { absent: report.reason, detail: report.why?.[line.language] ?? report.detail };
  }
  clearInterval(alive);
  const shown = wanted === undefined ? all : all[wanted];
  process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
  return 0;
}
