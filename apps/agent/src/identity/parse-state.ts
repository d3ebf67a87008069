import { AppError } from '@pilothouse/contract';

/** Reads a file that the agent wrote itself. What no longer parses was damaged: AppError AGENT_STATE_DAMAGED names it. */
export function parseState<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new AppError('AGENT_STATE_DAMAGED', { path }, { cause });
  }
}
