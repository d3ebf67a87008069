/** Where a command speaks and listens. The real one is the process's own; tests bring one that remembers. */
export interface Terminal {
  /** Results go to stdout, everything said beside them to stderr. */
  readonly isOutputTty: boolean;
  readonly isErrorTty: boolean;
  readonly isInputTty: boolean;
  /** Columns of the terminal; of wide pipes when there is none. */
  readonly columns: number;
  readonly rows: number;
  readonly hasColour: boolean;
  write(text: string): void;
  writeError(text: string): void;
  /** One line from a person. Null when there is nobody to ask or the input ended. */
  ask(question: string, options?: { readonly isSecret?: boolean }): Promise<string | null>;
  /** All of standard input as text, for --password-stdin and scripts from a pipe. */
  readInput(charsMax: number): Promise<string>;
}

export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'grey' | 'bold';

const CODES: Readonly<Record<Colour, number>> = {
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  grey: 90,
  bold: 1,
};

/** Colours the text where the terminal shows colours; the text alone elsewhere. */
export const paint = (terminal: Pick<Terminal, 'hasColour'>, colour: Colour, text: string): string =>
  terminal.hasColour && text !== '' ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;

/**
 * Text of hosts and of other people, made harmless for a terminal: control characters (colours, titles, cursor moves) and
 * those that turn the direction of writing are shown as ‹xx› instead of obeyed. Line ends and tabs stay.
 */
export const plain = (text: string): string =>
  text.replaceAll('\r\n', '\n').replace(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu, shown);

const shown = (char: string): string => `‹${char.charCodeAt(0).toString(16).padStart(2, '0')}›`;

const COLOURS = `\u001b\\[(?:0|${Object.values(CODES).join('|')})m`;
/** At the beginning of a write: of a line that is drawn anew, and of a page. */
const CLEARINGS = '^\\r\u001b\\[K|^\u001b\\[H\u001b\\[2J';
const OURS_OR_OBEYED = new RegExp(
  `(${CLEARINGS}|${COLOURS}|\\r\\n)|(?![\\n\\t])[\\p{Cc}\\p{Bidi_Control}]`,
  'gu',
);

/**
 * What may be written to a terminal at all. Whoever prints text of others calls `plain`; this is for the one who forgot, and
 * leaves a terminal nothing to obey but what this program says to it.
 */
export const onlyOurs = (text: string): string =>
  text.replace(OURS_OR_OBEYED, (found: string, ours: string | undefined) => ours ?? shown(found));
