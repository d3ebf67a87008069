import { JsonObject, Timestamp } from '@pilothouse/contract';
import { z } from 'zod';
import { decodeLine, encodeLine } from './checked-line.ts';

const Place = {
  stepIndex: z.number().int().min(0),
  attempt: z.number().int().min(1),
};

/** One line of the undo log of a plan. */
export const UndoLine = z.discriminatedUnion('kind', [
  /** A step of the plan starts here, so that "nothing was recorded" and "the records are gone" are told apart. */
  z.object({ kind: z.literal('begun'), ...Place, planExpiresAt: Timestamp }),
  z.object({
    kind: z.literal('record'),
    ...Place,
    /** 1, 2, …: the order in which things were changed. A gap means that lines are missing. */
    sequence: z.number().int().min(1),
    actionIndex: z.number().int().min(0),
    action: z.string().max(80),
    at: Timestamp,
    record: JsonObject,
  }),
  z.object({ kind: z.literal('restored'), sequence: z.number().int().min(1), at: Timestamp }),
]);
export type UndoLine = z.infer<typeof UndoLine>;

export interface UndoRecord extends Omit<Extract<UndoLine, { kind: 'record' }>, 'kind'> {
  readonly isRestored: boolean;
}

/** What the undo log of one plan says. */
export interface UndoBook {
  /** In the order in which things were changed. */
  readonly records: readonly UndoRecord[];
  readonly begun: readonly { readonly stepIndex: number; readonly attempt: number }[];
  /** False when lines in the middle are damaged or missing: then nobody may guess what they said. */
  readonly isSound: boolean;
  /** Of the plan, in milliseconds; null when not even the first line can be read. */
  readonly expiresAtMs: number | null;
  /** Bytes that were understood; a torn end behind them was never acknowledged, and is written over. */
  readonly length: number;
}

export const encodeUndoLine = (line: UndoLine): string => encodeLine(JSON.stringify(UndoLine.parse(line)));

export function readUndoLog(bytes: Buffer): UndoBook {
  const { lines, length } = readLines(bytes);
  const restored = new Set(lines.flatMap((line) => (line.kind === 'restored' ? [line.sequence] : [])));
  const records = lines.flatMap((line) =>
    line.kind === 'record' ? [{ ...line, isRestored: restored.has(line.sequence) }] : [],
  );
  const begun = lines.flatMap((line) => (line.kind === 'begun' ? [line] : []));
  const isWhole = records.every(({ sequence }, index) => sequence === index + 1);
  return {
    records,
    begun,
    // A torn end has no end of line: whatever has one was written whole once.
    isSound: isWhole && bytes.indexOf(10, length) === -1,
    expiresAtMs: begun[0] === undefined ? null : Date.parse(begun[0].planExpiresAt),
    length,
  };
}

function readLines(bytes: Buffer): { lines: UndoLine[]; length: number } {
  const lines: UndoLine[] = [];
  let length = 0;
  for (;;) {
    const end = bytes.indexOf(10, length);
    const line = end === -1 ? null : readLine(bytes.toString('utf8', length, end));
    if (line === null) return { lines, length };
    lines.push(line);
    length = end + 1;
  }
}

function readLine(text: string): UndoLine | null {
  const json = decodeLine(text);
  if (json === null) return null;
  const parsed = UndoLine.safeParse(JSON.parse(json));
  return parsed.success ? parsed.data : null;
}
