import type { Repository } from '../contract.ts';
import { clipLine, lineOrNull, linesOf, type Parsed } from './parsed.ts';
import { redactUrls } from './redact-command-line.ts';

const URL_KEYS = ['baseurl', 'mirrorlist', 'metalink'];

/** `*.repo` and the repositories inside yum.conf: dnf.conf(5). `[main]` holds settings and is no repository. */
export function parseDnfRepositories(text: string, file: string): Parsed<Repository[]> {
  const value: Repository[] = [];
  let unknownLines = 0;
  let id: string | null = null;
  let fields = new Map<string, string>();
  let key = '';

  const endSection = () => {
    if (id !== null && id !== 'main') value.push(repositoryOf(id, fields, file));
    fields = new Map();
    key = '';
  };

  for (const line of linesOf(text)) {
    const section = /^\[([^\]]+)\]\s*$/.exec(line.trim());
    const setting = /^([A-Za-z_]\w*)\s*[=:](.*)$/.exec(line);
    if (line.trim() === '' || /^[#;]/.test(line.trim())) continue;
    if (section?.[1] !== undefined) {
      endSection();
      id = section[1];
    } else if (/^\s/.test(line) && key !== '') fields.set(key, `${fields.get(key)} ${line.trim()}`);
    else if (setting?.[1] !== undefined && id !== null) {
      key = setting[1].toLowerCase();
      fields.set(key, (setting[2] ?? '').trim());
    } else unknownLines += 1;
  }
  endSection();
  return { value, unknownLines };
}

function repositoryOf(id: string, fields: ReadonlyMap<string, string>, file: string): Repository {
  const urls = URL_KEYS.flatMap((key) => (fields.get(key) ?? '').split(/[\s,]+/).filter(Boolean));
  return {
    system: 'dnf',
    id: clipLine(id),
    name: lineOrNull(fields.get('name')),
    urls: urls.map((url) => clipLine(redactUrls(url))),
    suites: [],
    components: [],
    isEnabled: isYes(fields.get('enabled')) ?? true,
    isSignatureChecked: isYes(fields.get('gpgcheck')),
    file,
  };
}

/** Null when it is not set or says something else. */
function isYes(text: string | undefined): boolean | null {
  if (/^(?:1|yes|true|on)$/i.test(text ?? '')) return true;
  return /^(?:0|no|false|off)$/i.test(text ?? '') ? false : null;
}
