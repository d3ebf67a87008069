import type { Repository } from '../contract.ts';
import { clipLine, clipWord, lineOrNull, linesOf, type Parsed } from './parsed.ts';
import { redactUrls } from './redact-command-line.ts';

/** One-line format of sources.list(5): `deb [option=value] URI suite component…`. Source entries (`deb-src`) are skipped. */
export function parseSourcesList(text: string, file: string): Parsed<Repository[]> {
  const value: Repository[] = [];
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    const entry = line.replace(/#.*$/, '').trim();
    if (entry === '' || /^deb-src\s/.test(entry)) continue;
    const match = /^deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)(.*)$/.exec(entry);
    const [, options = '', uri, suite, rest = ''] = match ?? [];
    if (uri === undefined || suite === undefined) unknownLines += 1;
    else {
      value.push({
        ...entryOf(file, [uri], [suite]),
        components: rest.trim().split(/\s+/).filter(Boolean).map(clipWord),
        isSignatureChecked: /\b(?:trusted|allow-insecure)=(?:yes|true|1)/.test(options) ? false : null,
      });
    }
  }
  return { value, unknownLines };
}

/** deb822 format, `*.sources`: stanzas of `Field: value` with continuation lines. */
export function parseDeb822Sources(text: string, file: string): Parsed<Repository[]> {
  const value: Repository[] = [];
  let unknownLines = 0;
  for (const stanza of linesOf(text)
    .join('\n')
    .split(/\n\s*\n/)) {
    const fields = new Map<string, string>();
    let key = '';
    for (const line of linesOf(stanza)) {
      const match = /^([A-Za-z][\w-]*):(.*)$/.exec(line);
      if (line.startsWith('#') || line.trim() === '') continue;
      if (match?.[1] !== undefined) {
        key = match[1].toLowerCase();
        fields.set(key, (match[2] ?? '').trim());
      } else if (/^[ \t]/.test(line) && key !== '') fields.set(key, `${fields.get(key)} ${line.trim()}`);
      else unknownLines += 1;
    }
    if (fields.size === 0) continue;
    const words = (name: string) => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
    if (words('uris').length === 0 || words('suites').length === 0) unknownLines += 1;
    else if (words('types').includes('deb')) {
      value.push({
        ...entryOf(file, words('uris'), words('suites')),
        name: lineOrNull(fields.get('x-repolib-name')),
        components: words('components').map(clipWord),
        isEnabled: !/^(?:no|false|0|off)$/i.test(fields.get('enabled') ?? ''),
        isSignatureChecked: /^(?:yes|true|1)$/i.test(fields.get('trusted') ?? '') ? false : null,
      });
    }
  }
  return { value, unknownLines };
}

function entryOf(file: string, uris: readonly string[], suites: readonly string[]): Repository {
  const urls = uris.map((uri) => clipLine(redactUrls(uri)));
  return {
    system: 'apt',
    id: clipLine(`${urls[0] ?? ''} ${suites[0] ?? ''}`),
    name: null,
    urls,
    suites: suites.map(clipWord),
    components: [],
    isEnabled: true,
    isSignatureChecked: null,
    file,
  };
}

/** /etc/apk/repositories: a URL or path a line, `@tag URL` for tagged ones. */
export function parseApkRepositories(text: string, file: string): Parsed<Repository[]> {
  const value: Repository[] = [];
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    const [, tag, url] = /^(?:@(\S+)\s+)?((?:https?|ftp):\/\/\S+|\/\S+)$/.exec(entry) ?? [];
    if (url === undefined) unknownLines += 1;
    else {
      value.push({
        ...entryOf(file, [url], []),
        system: 'apk',
        id: clipLine(redactUrls(url)),
        name: tag === undefined ? null : clipLine(tag),
      });
    }
  }
  return { value, unknownLines };
}
