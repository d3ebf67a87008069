/**
 * What a text becomes in a store: PostgreSQL ends text at NUL and refuses the statement, and half a surrogate has no UTF-8.
 * Agents and people can send both in any text, so they are replaced here, for every engine and every statement alike: else one
 * of them would fail a transaction that holds what others said, or keep a store from being copied to the other engine.
 */
export const storableText = (text: string): string => text.toWellFormed().replaceAll('\0', '\u{fffd}');

/** The parameters of a statement, of which only texts change. */
export const storableParameters = (parameters: readonly unknown[]): readonly unknown[] =>
  parameters.map((value) => (typeof value === 'string' ? storableText(value) : value));
