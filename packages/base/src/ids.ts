/** Where ids get their time and chance from: both are arguments so that tests can repeat themselves. */
export interface IdSource {
  now(): number;
  /** Fills and returns the array with random bytes. */
  fill(target: Uint8Array): Uint8Array;
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_CHARS = 9;
const RANDOM_CHARS = 9;

/**
 * A sortable id such as `h_0k3v9d2qa7m8f4q7xz`: prefix, 45 bits of milliseconds, 45 bits of chance, in Crockford's
 * base 32 (no i, l, o, u, so it can be read over a telephone). Later ids of one prefix sort after earlier ones.
 */
export function newId(prefix: string, source: IdSource): string {
  let time = source.now();
  let timeText = '';
  for (let i = 0; i < TIME_CHARS; i++) {
    timeText = ALPHABET.charAt(time % 32) + timeText;
    time = Math.floor(time / 32);
  }
  const random = source.fill(new Uint8Array(RANDOM_CHARS));
  let randomText = '';
  for (const byte of random) randomText += ALPHABET.charAt(byte % 32);
  return `${prefix}_${timeText}${randomText}`;
}
