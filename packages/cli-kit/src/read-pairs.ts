import { AppError } from '@pilothouse/contract';

/** `KEY=value` words as a record. */
export function readPairs(words: readonly string[]): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 1) throw new AppError('CLI_VALUE_INVALID', { value: word, expected: 'KEY=value' });
    pairs[word.slice(0, equals)] = word.slice(equals + 1);
  }
  return pairs;
}
