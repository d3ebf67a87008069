import { compareDigits, digitsAt, isDigit } from './compare-deb-version.ts';

/**
 * rpm's order of `[epoch:]version[-release]`, as rpmvercmp has it: segments of digits or letters, separators ignored, a
 * digit segment newer than a letter one, `~` older than the end, `^` newer than the end and older than anything else.
 * A missing release compares equal to any, so that `1.2` means every release of 1.2. Negative when a is older.
 */
export function compareRpmVersion(a: string, b: string): number {
  const left = splitRpmVersion(a);
  const right = splitRpmVersion(b);
  const order = compareDigits(left.epoch, right.epoch) || compareRpmPart(left.version, right.version);
  if (order !== 0 || left.release === null || right.release === null) return order;
  return compareRpmPart(left.release, right.release);
}

function splitRpmVersion(text: string): { epoch: string; version: string; release: string | null } {
  const colon = text.indexOf(':');
  const epoch = colon === -1 ? '0' : text.slice(0, colon);
  const rest = colon === -1 ? text : text.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  if (dash === -1) return { epoch, version: rest, release: null };
  return { epoch, version: rest.slice(0, dash), release: rest.slice(dash + 1) };
}

const isLetter = (character: string | undefined): boolean =>
  character !== undefined && /[a-zA-Z]/.test(character);

const skipSeparators = (text: string, from: number): number => {
  let at = from;
  while (
    at < text.length &&
    !isDigit(text[at]) &&
    !isLetter(text[at]) &&
    text[at] !== '~' &&
    text[at] !== '^'
  )
    at += 1;
  return at;
};

function compareRpmPart(a: string, b: string): number {
  let i = 0;
  let j = 0;
  for (;;) {
    i = skipSeparators(a, i);
    j = skipSeparators(b, j);
    const special = compareSpecial(a[i], b[j]);
    if (special === 'both') {
      i += 1;
      j += 1;
      continue;
    }
    if (special !== 0) return special;
    if (i >= a.length || j >= b.length) break;
    const left = segmentAt(a, i);
    const right = segmentAt(b, j);
    if (isDigit(left[0]) !== isDigit(right[0])) return isDigit(left[0]) ? 1 : -1;
    const order = isDigit(left[0]) ? compareDigits(left, right) : left < right ? -1 : left > right ? 1 : 0;
    if (order !== 0) return order;
    i += left.length;
    j += right.length;
  }
  return i < a.length ? 1 : j < b.length ? -1 : 0;
}

/** `~` and `^` where one of the two stands; 'both' when the same one does. */
function compareSpecial(a: string | undefined, b: string | undefined): number | 'both' {
  if (a === '~' || b === '~') return a === b ? 'both' : a === '~' ? -1 : 1;
  if (a !== '^' && b !== '^') return 0;
  if (a === b) return 'both';
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  return a === '^' ? -1 : 1;
}

function segmentAt(text: string, from: number): string {
  if (isDigit(text[from])) return digitsAt(text, from);
  let end = from;
  while (isLetter(text[end])) end += 1;
  return text.slice(from, end);
}
