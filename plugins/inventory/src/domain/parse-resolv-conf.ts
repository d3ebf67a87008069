import type { NetworkBody } from '../contract.ts';
import { clipWord, linesOf, type Parsed } from './parsed.ts';

/** resolv.conf(5): servers in their order, which is the order they are asked in; the last search list wins. */
export function parseResolvConf(text: string): Parsed<NetworkBody['dns']> {
  const servers: string[] = [];
  let search: string[] = [];
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === undefined || keyword === '' || /^[#;]/.test(keyword)) continue;
    if (keyword === 'nameserver' && values[0]) servers.push(clipWord(values[0]));
    else if (keyword === 'search' || keyword === 'domain') search = values.map(clipWord);
    else if (keyword !== 'options' && keyword !== 'sortlist') unknownLines += 1;
  }
  return { value: { servers, search }, unknownLines };
}
