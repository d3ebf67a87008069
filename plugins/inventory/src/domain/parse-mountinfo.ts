import { clipLine, clipWord, linesOf, type Parsed } from './parsed.ts';
import { MASK } from './redact-command-line.ts';

export interface Mount {
  /** Major and minor number of the file system. */
  readonly deviceId: string;
  /** Which directory of the file system is mounted; `/` but for bind mounts and subvolumes. */
  readonly root: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly device: string;
  readonly options: readonly string[];
}

/** /proc/self/mountinfo, proc(5). */
export function parseMountinfo(text: string): Parsed<Mount[]> {
  const value: Mount[] = [];
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    const words = line.split(' ');
    // Optional fields end with a lone dash.
    const dash = words.indexOf('-', 6);
    const [, , deviceId, root, mountPoint, own] = words;
    const [type, device, shared] = words.slice(dash + 1);
    if (dash < 0 || !deviceId || !root || !mountPoint || own === undefined || !type || device === undefined) {
      unknownLines += 1;
    } else {
      const options = [...own.split(','), ...(shared ?? '').split(',')];
      value.push({
        deviceId: clipWord(deviceId),
        root: clipLine(unescapeOctal(root)),
        mountPoint: clipLine(unescapeOctal(mountPoint)),
        type: clipWord(type),
        device: clipLine(unescapeOctal(device)),
        options: [...new Set(options.filter((option) => option !== '').map(steadyOption))],
      });
    }
  }
  return { value, unknownLines };
}

/** The kernel writes space, tab, newline and backslash as `\040`. */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** Options that carry a secret, masked; clipped like all foreign text. */
const steadyOption = (option: string): string =>
  clipLine(option.replace(/^(pass(?:word|wd)?|credentials|secret)=.*/i, `$1=${MASK}`));
