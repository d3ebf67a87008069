/** Reads what a page tells its reader to type. See docs/lab.md for how such a block is written. */

export interface DocumentCommand {
  /** As a shell takes it; of several lines where the page has continuation lines. */
  readonly text: string;
  readonly line: number;
  readonly exitCode: number;
}

/** The commands of every block marked `console`, in order. Throws where a block is not written as it should be. */
export function commandsOf(page: string): DocumentCommand[] {
  const commands: { text: string; line: number; exitCode: number }[] = [];
  let isInside = false;
  let open: { text: string; line: number; exitCode: number } | null = null;
  for (const [index, text] of page.split('\n').entries()) {
    const line = index + 1;
    if (text.startsWith('```')) {
      isInside = !isInside && text === '```console';
      open = null;
    } else if (isInside && text.startsWith('$ ')) {
      open = { ...splitExpectation(text.slice(2)), line };
      commands.push(open);
    } else if (isInside && text.startsWith('> ')) {
      if (open === null) throw new Error(`line ${line} continues no command`);
      open.text += `\n${text.slice(2)}`;
    } else if (isInside) {
      open = null;
    }
  }
  return commands;
}

function splitExpectation(text: string): { text: string; exitCode: number } {
  const match = /^(.*?)\s+# exit (\d+)$/.exec(text);
  return match === null ? { text, exitCode: 0 } : { text: match[1] ?? '', exitCode: Number(match[2]) };
}

const MARK = '@@pilothouse-document@@';

/** One shell for the whole page, so that a variable set in one line is there in the next; it ends at the first surprise. */
export function scriptOf(commands: readonly DocumentCommand[]): string {
  const lines = ['exec 2>&1 </dev/null', 'set -o pipefail'];
  for (const { text, line, exitCode } of commands) {
    lines.push(`printf '%s\\n' '${MARK} ${line}'`);
    lines.push(text, `__exit=$?`);
    lines.push(`if [ "$__exit" != ${exitCode} ]; then echo "exit $__exit, not ${exitCode}"; exit 1; fi`);
  }
  return `${lines.join('\n')}\n`;
}

/** Where a page stopped, for the message of the failing test. */
export function lastOf(
  commands: readonly DocumentCommand[],
  output: string,
): { readonly command: DocumentCommand | undefined; readonly output: string } {
  const at = output.lastIndexOf(MARK);
  const rest = output.slice(at + MARK.length);
  const line = Number.parseInt(rest, 10);
  return {
    command: commands.find((command) => command.line === line),
    output: rest.slice(rest.indexOf('\n') + 1),
  };
}
