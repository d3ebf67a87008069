import { types } from 'pg';

/** Object ids of PostgreSQL's built-in types, https://www.postgresql.org/docs/current/catalog-pg-type.html */
const BOOLEAN = 16;
const BYTES = 17;
const BIGINT = 20;
const NUMERIC = 1700;

type Parse = (text: string) => unknown;

/**
 * Rows look as they do from SQLite: integers of every size and sums are numbers, truth is 1 or 0, bytes are a Uint8Array.
 * An integer that a number cannot hold is an error rather than another integer.
 */
export const valueParsers = {
  getTypeParser(id: number, format?: 'text' | 'binary'): Parse {
    switch (id) {
      case BIGINT:
      case NUMERIC:
        return toNumber;
      case BOOLEAN:
        return (text) => (text === 't' ? 1 : 0);
      case BYTES:
        return toBytes;
      default:
        // The library's own, which are typed by the format asked for.
        return types.getTypeParser(id, format ?? 'text') as Parse;
    }
  },
};

function toNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) || text.includes('.')) return value;
  throw new RangeError(`the database holds an integer beyond 2^53: ${text}`);
}

/** PostgreSQL's hexadecimal form, `\x…`. */
const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.slice(2), 'hex'));

/** What SQLite binds, and nothing else: a boolean, a date or an object would mean something different on each engine. */
export function bindable(parameters: readonly unknown[]): unknown[] {
  return parameters.map((value, i) => {
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
      return value;
    // A view rather than a copy.
    if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    throw new TypeError(`parameter ${i + 1} is neither text, number, bytes nor null`);
  });
}
