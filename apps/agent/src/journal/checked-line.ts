import { digestOfText } from '@pilothouse/contract';

/** A line is `checksum json\n`; the checksum tells a whole line from one that a power cut tore. */
const CHECKSUM_CHARS = 16;

export const encodeLine = (json: string): string =>
  `${digestOfText(json).slice(0, CHECKSUM_CHARS)} ${json}\n`;

/** The text of a line without its end, or null when it is torn. */
export function decodeLine(line: string): string | null {
  const json = line.slice(CHECKSUM_CHARS + 1);
  return line.slice(0, CHECKSUM_CHARS) === digestOfText(json).slice(0, CHECKSUM_CHARS) ? json : null;
}
