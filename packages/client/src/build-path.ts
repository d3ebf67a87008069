import type { Route } from '@pilothouse/contract';

/** Fills `{name}` of the route's path and appends the query. A missing parameter is a bug of the caller. */
export function buildPath(route: Pick<Route, 'id' | 'path'>, params: unknown, query: unknown): string {
  const values = entriesOf(params);
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values.find(([key]) => key === name)?.[1];
    if (value === undefined || value === '') throw new TypeError(`${route.id}: parameter ${name} is missing`);
    return encodeURIComponent(wordOf(value));
  });
  const pairs = entriesOf(query).flatMap(([key, value]) => {
    if (value === undefined || value === null) return [];
    const list = Array.isArray(value) ? value : [value];
    return list.map((item) => `${encodeURIComponent(key)}=${encodeURIComponent(wordOf(item))}`);
  });
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null ? Object.entries(value) : [];

/** A schema's input may be any JSON value; objects travel as JSON. */
const wordOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
