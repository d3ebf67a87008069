/**
 * The details of an event or an audit record on one line for people: `name=web-1 state=active usesMax=1`. What is empty says
 * nothing and is left out; programs read --json instead.
 */
export function showPairs(details: Readonly<Record<string, unknown>>): string {
  return Object.entries(details)
    .filter(([, value]) => !isEmpty(value))
    .map(([name, value]) => `${name}=${showValue(value)}`)
    .join(' ');
}

const LIST_SHOWN = 3;

function showValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  if (!Array.isArray(value)) return JSON.stringify(value);
  const shown = value.slice(0, LIST_SHOWN).map(showValue).join(',');
  return value.length > LIST_SHOWN ? `${shown},… (${value.length})` : shown;
}

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === '' ||
  (typeof value === 'object' && Object.keys(value).length === 0);
