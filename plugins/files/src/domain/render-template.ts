import { labelOf } from '@pilothouse/contract';
/**
 * Text with places to fill: `{{ host.name }}`, `{{ host.arch }}`, `{{ os.id }}`, `{{ os.version }}` for what the host knows of
 * itself and fills in when it runs, `{{ value.NAME }}` for what the plan gives, and `{{ label.KEY }}` for what operators say of
 * the host. There is no logic in it on purpose: what differs between hosts by more than a word is another file.
 *
 * A host does not know its labels, and the server decides nothing once a plan is signed. So labels are taken when the plan
 * is made: `fillLabels` turns each of their places into one for a value, and gives that host's step the value.
 */

/** What a host knows of itself. */
export interface TemplateHost {
  readonly name: string;
  readonly arch: string;
  readonly osId: string;
  readonly osVersion: string;
}

/** Keys of labels may have a dash, which is in no other name: text that was no place before is none now. */
const PLACE = /\{\{\s*(label\.[a-z][a-z0-9_.-]{0,62}|[a-zA-Z][a-zA-Z0-9_.]{0,80})\s*\}\}/g;
const LABEL = /^label\.([a-z][a-z0-9_.-]{0,62})$/;
/** As long as a name of a value may be, less what makes two of them differ. */
const VALUE_NAME_CHARS_MAX = 60;
const HOST_NAMES = ['host.name', 'host.arch', 'os.id', 'os.version'];

/** Each name once, in the order of the text. */
export const namesOfTemplate = (text: string): string[] => [
  ...new Set([...text.matchAll(PLACE)].map(([, name = '']) => name)),
];

export const isKnownName = (name: string, values: Readonly<Record<string, string>>): boolean =>
  HOST_NAMES.includes(name) ||
  LABEL.test(name) ||
  (name.startsWith('value.') && Object.hasOwn(values, name.slice('value.'.length)));

/** A name that is not known stays as it is; parameters with one are refused before they get here. */
export function renderTemplate(
  text: string,
  values: Readonly<Record<string, string>>,
  host: TemplateHost,
): string {
  const known = new Map<string, string>([
    ['host.name', host.name],
    ['host.arch', host.arch],
    ['os.id', host.osId],
    ['os.version', host.osVersion],
    ...Object.entries(values).map(([name, value]): [string, string] => [`value.${name}`, value]),
  ]);
  return text.replace(PLACE, (whole, name: string) => known.get(name) ?? whole);
}

/** Keys of the labels that the text asks for, each once. */
export const labelsOfTemplate = (text: string): string[] =>
  namesOfTemplate(text).flatMap((name) => LABEL.exec(name)?.[1] ?? []);

/** The same text with values in the places of labels. */
export function fillLabels(
  text: string,
  values: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): { content: string; values: Record<string, string> } {
  const filled: Record<string, string> = { ...values };
  const names = new Map<string, string>();
  for (const key of labelsOfTemplate(text)) {
    const name = freeName(`label_${key.replaceAll(/[.-]/g, '_')}`, filled);
    filled[name] = labelOf(labels, key) ?? '';
    names.set(`label.${key}`, `value.${name}`);
  }
  const content = text.replace(PLACE, (whole, name: string) => {
    const place = names.get(name);
    return place === undefined ? whole : `{{ ${place} }}`;
  });
  return { content, values: filled };
}

function freeName(wanted: string, taken: Readonly<Record<string, string>>): string {
  const name = wanted.slice(0, VALUE_NAME_CHARS_MAX);
  for (let number = 1; ; number++) {
    const free = number === 1 ? name : `${name}_${number}`;
    if (!Object.hasOwn(taken, free)) return free;
  }
}
