import type { Clock } from '@pilothouse/base';
import { SECOND_MS } from '@pilothouse/base';
import type { Route } from '@pilothouse/contract';
import type { SharedItems, StreamAnswer, StreamItem } from './service.ts';

/** Shorter than the idle time-outs of common proxies (nginx and cloud balancers: 60 s). */
export const HEARTBEAT_MS = 15 * SECOND_MS;

export const isStreamAnswer = (value: unknown): value is StreamAnswer =>
  typeof value === 'object' && value !== null && 'stream' in value;

type StreamType = NonNullable<Route['stream']>;

/**
 * Text of a stream, made only as fast as the socket takes it: the next item is asked for when the last one was taken,
 * so nothing is buffered here and a slow reader slows its producer alone.
 */
export function encodeStream(
  type: StreamType,
  answer: StreamAnswer,
  clock: Clock,
): AsyncIterable<string | Uint8Array> {
  if (type === 'text/event-stream') return eventStream(answer.stream, clock);
  return lines(type, answer.stream);
}

async function* lines(type: StreamType, pieces: StreamAnswer['stream']): AsyncGenerator<string | Uint8Array> {
  for await (const piece of pieces) yield encodedOf(piece, ({ data }) => lineOf(type, data));
}

function encodedOf(piece: StreamItem | SharedItems, one: (item: StreamItem) => string): string | Uint8Array {
  if ('data' in piece) return one(piece);
  piece.encoded ??= Buffer.from(piece.items.map(one).join(''));
  return piece.encoded;
}

function lineOf(type: StreamType, data: unknown): string {
  if (type === 'application/x-ndjson') return `${JSON.stringify(data)}\n`;
  if (type === 'text/csv' && Array.isArray(data)) return `${data.map(csvCell).join(',')}\r\n`;
  return String(data);
}

/** RFC 4180. Text of hosts that a spreadsheet would run as a formula gets an apostrophe in front; some take full-width signs for the same. */
function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const isFormula = typeof value === 'string' && /^[=+@＝＋－＠\t\r\n]|^-(?![\d.]+$)/.test(text);
  const safe = isFormula ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Server-sent events, with a comment when nothing else was said for a while so that proxies keep the connection. */
async function* eventStream(
  items: StreamAnswer['stream'],
  clock: Clock,
): AsyncGenerator<string | Uint8Array> {
  const iterator = items[Symbol.asyncIterator]();
  // The first bytes carry the headers out, so that a client knows it is connected before anything happens.
  yield ': connected\n\n';
  let next = iterator.next();
  try {
    for (;;) {
      const result = await orHeartbeat(next, clock);
      if (result === 'heartbeat') {
        yield ': still here\n\n';
        continue;
      }
      if (result.done === true) return;
      yield encodedOf(result.value, eventText);
      next = iterator.next();
    }
  } finally {
    // Not awaited: a producer that still waits for its next event ends by the request's signal, and nobody reads
    // what it says then.
    const ignore = (): void => undefined;
    void next.then(ignore, ignore);
    void iterator.return?.().then(ignore, ignore);
  }
}

async function orHeartbeat<T>(next: Promise<T>, clock: Clock): Promise<T | 'heartbeat'> {
  let cancel: () => void = () => undefined;
  const beat = new Promise<'heartbeat'>((resolve) => {
    cancel = clock.after(HEARTBEAT_MS, () => resolve('heartbeat'));
  });
  try {
    return await Promise.race([next, beat]);
  } finally {
    cancel();
  }
}

function eventText(item: StreamItem): string {
  const data = item.json ?? JSON.stringify(item.data);
  const id = item.id === undefined ? '' : `id: ${item.id}\n`;
  const event = item.event === undefined ? '' : `event: ${item.event}\n`;
  return `${id}${event}data: ${data}\n\n`;
}
