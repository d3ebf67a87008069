import { AppError } from '@pilothouse/contract';

// Node and every browser have it; the package sees neither's types.
declare const TextDecoder: new (
  label: string,
) => { decode(bytes?: Uint8Array, options?: { stream: boolean }): string };

/** One event may carry a task's whole output (1 MiB by default) as escaped JSON; more than this is no peer of ours. */
export const LINE_CHARS_MAX = 8 * 1024 * 1024;

/**
 * Text lines of a byte stream, ended by LF, CRLF or CR, whichever pieces the bytes come in. A last line without an end is
 * given too. Refuses a line longer than `charsMax` as soon as that much of it is there.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  charsMax: number = LINE_CHARS_MAX,
): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let endedWithCr = false;
  for await (const chunk of chunks) {
    let text = decoder.decode(chunk, { stream: true });
    if (text === '') continue;
    // The LF of a CRLF that was cut in two belongs to the line that the CR has ended already.
    if (endedWithCr && text.startsWith('\n')) text = text.slice(1);
    endedWithCr = text.endsWith('\r');
    const lines = text.split(/\r\n|\n|\r/);
    const first = lines[0] ?? '';
    if (rest.length + first.length > charsMax)
      throw new AppError('CLIENT_LINE_TOO_LONG', { limit: charsMax });
    if (lines.length === 1) {
      rest += first;
      continue;
    }
    yield rest + first;
    for (const line of lines.slice(1, -1)) yield line;
    rest = lines.at(-1) ?? '';
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/** The values of a newline-delimited JSON stream; blank lines are keep-alives. */
export async function* readJsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  for await (const line of readLines(chunks)) {
    if (line.trim() !== '') yield JSON.parse(line);
  }
}
