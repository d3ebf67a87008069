import { Digest, digestOfText, TaskOutcome, Timestamp } from '@pilothouse/contract';
import { z } from 'zod';

const Key = { taskId: z.string().max(64), attempt: z.number().int() };

/** One line of the journal. `ran` is what compaction leaves of an acknowledged task: enough for the ledger. */
export const JournalRecord = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('started'),
    ...Key,
    planDigest: Digest,
    stepIndex: z.number().int(),
    at: Timestamp,
    /** A dry run changes nothing, so the ledger does not hold it: the run of the same step comes after it. */
    isDryRun: z.boolean(),
    /** Signed server time when it began, in milliseconds: the floor for whoever reads this journal later. */
    serverTimeMs: z.number().int(),
    /** Until then the ledger refuses to run this step again. */
    expiresAt: Timestamp,
  }),
  z.object({ kind: z.literal('ended'), ...Key, outcome: TaskOutcome }),
  z.object({ kind: z.literal('saved'), ...Key }),
  z.object({
    kind: z.literal('ran'),
    ...Key,
    planDigest: Digest,
    stepIndex: z.number().int(),
    expiresAt: Timestamp,
  }),
  /** What compaction leaves of the server times it dropped. */
  z.object({ kind: z.literal('time'), serverTimeMs: z.number().int() }),
]);
export type JournalRecord = z.infer<typeof JournalRecord>;
export type StartedRecord = Extract<JournalRecord, { kind: 'started' }>;

/** A line is `checksum json\n`; the checksum tells a whole line from one that a power cut tore. */
const CHECKSUM_CHARS = 16;

/** Throws on what could not be read back: such a line would hide every one behind it. */
export function encodeRecord(record: JournalRecord): string {
  const json = JSON.stringify(JournalRecord.parse(record));
  return `${digestOfText(json).slice(0, CHECKSUM_CHARS)} ${json}\n`;
}

/** Null for a torn or foreign line. */
export function decodeRecord(line: string): JournalRecord | null {
  const json = line.slice(CHECKSUM_CHARS + 1);
  if (line.slice(0, CHECKSUM_CHARS) !== digestOfText(json).slice(0, CHECKSUM_CHARS)) return null;
  const parsed = JournalRecord.safeParse(JSON.parse(json));
  return parsed.success ? parsed.data : null;
}
