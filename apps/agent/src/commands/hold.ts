import { renderMessage } from '@pilothouse/contract';
import type { CommandLine } from '../command-line.ts';
import { removeIfThere, writeDurably } from '../data-directory.ts';
import { agentMessages } from '../messages.ts';
import { unusable, usableDirectory } from './usable-directory.ts';

/** `hold` and `release`: whether this host takes tasks, decided on the host alone. A running agent sees it at the next offer. */
export async function hold(line: CommandLine): Promise<number> {
  const data = usableDirectory(line.dataDirectory);
  const isHold = line.verb === 'hold';
  try {
    if (isHold) writeDurably(data.hold, `${line.words.join(' ')}\n`);
    else removeIfThere(data.hold);
  } catch (cause) {
    throw unusable(data.path, cause);
  }
  const message = isHold ? agentMessages.held : agentMessages.released;
  process.stdout.write(`${renderMessage(message, line.language)}\n`);
  return 0;
}
