/**
 * Text with places to fill: `{{ host.name }}`, `{{ host.arch }}`, `{{ os.id }}`, `{{ os.version }}` and `{{ value.NAME }}` for
 * what the plan gives. There is no logic in it on purpose: what differs between hosts by more than a word is another file.
 */

/** What a host knows of itself. */
export interface TemplateHost {
  readonly name: string;
  readonly arch: string;
  readonly osId: string;
  readonly osVersion: string;
}

const PLACE = /\{\{\s*([a-zA-Z][a-zA-Z0-9_.]{0,80})\s*\}\}/g;
const HOST_NAMES = ['host.name', 'host.arch', 'os.id', 'os.version'];

/** Each name once, in the order of the text. */
export const namesOfTemplate = (text: string): string[] => [
  ...new Set([...text.matchAll(PLACE)].map(([, name = '']) => name)),
];

export const isKnownName = (name: string, values: Readonly<Record<string, string>>): boolean =>
  HOST_NAMES.includes(name) ||
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
