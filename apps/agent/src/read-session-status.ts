import { existsSync } from 'node:fs';
import { z } from 'zod';
import { type DataDirectory, readIfThere } from './data-directory.ts';

const SessionStatus = z.object({
  kind: z.enum(['connected', 'disconnected', 'stopped']),
  detail: z.string().nullable(),
  since: z.string(),
  pid: z.number().int(),
  isHeld: z.boolean().optional(),
});

/** The file says what the agent last knew; whether that agent still lives, the process table says. */
export function readSessionStatus(data: DataDirectory): z.infer<typeof SessionStatus> {
  const stopped = { kind: 'stopped', detail: null, since: '', pid: 0 } as const;
  const parsed = SessionStatus.safeParse(jsonIn(readIfThere(data.status)));
  return parsed.success && existsSync(`/proc/${parsed.data.pid}`) ? parsed.data : stopped;
}

function jsonIn(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    // A file that nobody wrote whole says nothing.
    return null;
  }
}
