import { clipWord, integerOf, linesOf, type Parsed } from './parsed.ts';

export interface SocketLine {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  /** Null when ss could not see an owner. The lowest process id: a pool's parent. */
  readonly owner: { readonly process: string; readonly pid: number } | null;
}

/** `ss -lntup`. The header is skipped by its first word, as old releases cannot leave it out. */
export function parseSs(text: string): Parsed<SocketLine[]> {
  const value: SocketLine[] = [];
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    const words = line.trim().split(/\s+/);
    const [protocol, , , , local] = words;
    if (protocol === '' || protocol === 'Netid' || protocol === undefined) continue;
    const place = placeOf(local ?? '');
    if ((protocol !== 'tcp' && protocol !== 'udp') || place === null) unknownLines += 1;
    else value.push({ protocol, ...place, owner: ownerIn(line) });
  }
  return { value, unknownLines };
}

/** `0.0.0.0:22`, `[::]:22`, `:::22` of older releases, `*:22`, `[fe80::1%eth0]:546`, `127.0.0.53%lo:53`. */
function placeOf(text: string): { address: string; port: number } | null {
  const colon = text.lastIndexOf(':');
  const port = integerOf(text.slice(colon + 1));
  if (colon < 0 || port === null || port < 0 || port > 65_535) return null;
  const address = text
    .slice(0, colon)
    .replace(/^\[|\]$/g, '')
    .replace(/\](?=%)/, '');
  return { address: clipWord(address === '' ? '*' : address), port };
}

function ownerIn(line: string): SocketLine['owner'] {
  let owner: { process: string; pid: number } | null = null;
  for (const [, process = '', pidText] of line.matchAll(/\("([^"]*)",pid=(\d+),/g)) {
    const pid = integerOf(pidText);
    if (pid !== null && (owner === null || pid < owner.pid)) owner = { process: clipWord(process), pid };
  }
  return owner;
}
