/**
 * Secrets in command lines.
 *
 * Problem: people put passwords and tokens into arguments, environment assignments, URLs and headers, and a fact that
 * carries a command line would copy them into a store that many may read.
 *
 * Rule: mask by the name beside the value (`--db-password=x`, `TOKEN=x`, `"secret": "x"`, `--passphrase x`), by the place
 * (credentials in a URL, an Authorization header, the short option that takes a password in a known program) and by the
 * shape of well-known tokens. Masking too much is harmless, so names are judged generously; a path to a secret
 * (`--password-file=/etc/x`) stays, as people need it.
 *
 * Limits: a secret given as a plain argument to a program that is not listed here cannot be told from any other word.
 * Only the first INPUT_LENGTH_MAX characters are kept. Texts for a shell within texts for a shell are looked into
 * NESTED_MAX deep.
 */
export const MASK = '***';

/** Longer than ARG_MAX allows one argument to be useful to a reader; the rest is cut, so it cannot leak. */
const INPUT_LENGTH_MAX = 16_384;

const NESTED_MAX = 3;

/** Short options whose value is a secret, by program. `joined`: `-pSECRET`; `apart`: `-p SECRET`. */
const SHORT_SECRETS: Readonly<Record<string, { joined?: string; apart?: string }>> = {
  mysql: { joined: '-p' },
  mysqladmin: { joined: '-p' },
  mysqldump: { joined: '-p' },
  mariadb: { joined: '-p' },
  'mariadb-dump': { joined: '-p' },
  'mariadb-admin': { joined: '-p' },
  sshpass: { joined: '-p', apart: '-p' },
  curl: { joined: '-u', apart: '-u' },
  'redis-cli': { joined: '-a', apart: '-a' },
  ldapsearch: { joined: '-w', apart: '-w' },
  ldapmodify: { joined: '-w', apart: '-w' },
  ldapadd: { joined: '-w', apart: '-w' },
  mongo: { joined: '-p', apart: '-p' },
  mongosh: { joined: '-p', apart: '-p' },
  mongodump: { joined: '-p', apart: '-p' },
  ipmitool: { joined: '-P', apart: '-P' },
  snmpget: { apart: '-c' },
  snmpwalk: { apart: '-c' },
  openssl: { apart: '-k' },
  zip: { joined: '-P', apart: '-P' },
  '7z': { joined: '-p' },
};

const SECRET_NAME =
  /pass(?:wor[dt]|wd|phrase|code)|secret|token|credential|api[-_.]?key|access[-_.]?key|private[-_.]?key|auth[-_.]?key|sign(?:ing)?[-_.]?key|encryption[-_.]?key|bearer|cookie|(?:^|[-_.])(?:pass|pwd|auth|psk)$|[a-z]pass$|_pwd$/i;
const POINTS_ELSEWHERE = /(?:file|path|dir|fd|url|uri)$/i;

const isSecretName = (name: string): boolean => SECRET_NAME.test(name) && !POINTS_ELSEWHERE.test(name);

/**
 * Arguments as the kernel keeps them, one string each. A known program counts from where it stands: behind `sudo -u x`,
 * after `cd /x &&`, in the text for a shell.
 */
export function redactArguments(args: readonly string[], depth = 0): string[] {
  const masked: string[] = [];
  let short: { readonly joined?: string; readonly apart?: string } = {};
  let isSecretNext = false;
  for (const arg of args.map((text) => text.slice(0, INPUT_LENGTH_MAX))) {
    if (isSecretNext && !arg.startsWith('--')) {
      masked.push(MASK);
      isSecretNext = false;
      continue;
    }
    isSecretNext = arg === short.apart || takesSecretNext(arg);
    masked.push(maskJoined(arg, short.joined) ?? redactWithin(arg, depth));
    short = shortSecretsOf(arg) ?? short;
  }
  return masked;
}

/** One line as a shell or a cron table has it. White space between words is kept. */
export function redactCommandLine(text: string, depth = 0): string {
  const cut = text.slice(0, INPUT_LENGTH_MAX);
  const words = cut.match(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|\S)+|\s+/gs) ?? [];
  const masked = redactArguments(
    words.filter((word) => word.trim() !== ''),
    depth,
  );
  let next = 0;
  const joined = words.map((word) => (word.trim() === '' ? word : (masked[next++] ?? MASK))).join('');
  // Once more over the whole: a header or JSON text may span several words.
  return redactText(joined);
}

/** By the name of a program, without its directory and what a shell may have before it. */
function shortSecretsOf(arg: string): { readonly joined?: string; readonly apart?: string } | undefined {
  const name = arg.slice(arg.lastIndexOf('/') + 1).replace(/^[($`{&|;"']+/, '');
  return Object.hasOwn(SHORT_SECRETS, name) ? SHORT_SECRETS[name] : undefined;
}

/** An argument with words in it may be a line for a shell. */
function redactWithin(arg: string, depth: number): string {
  if (depth >= NESTED_MAX || !/\s/.test(arg)) return redactText(arg);
  const [, quote = '', quoted] = /^(["'])(.*)\1$/s.exec(arg) ?? [];
  return `${quote}${redactCommandLine(quoted ?? arg, depth + 1)}${quote}`;
}

/** `--password x`. A bare `--auth` is a switch in many programs and takes nothing. */
function takesSecretNext(arg: string): boolean {
  const name = /^--?([A-Za-z][\w.-]*)$/.exec(arg)?.[1];
  return name !== undefined && name.length > 2 && name !== 'auth' && isSecretName(name);
}

function maskJoined(arg: string, option: string | undefined): string | null {
  if (option === undefined || arg.startsWith('--')) return null;
  return arg.startsWith(option) && arg.length > option.length ? `${option}${MASK}` : null;
}

/** Everything that can be told from the text itself. */
export function redactText(text: string): string {
  return maskTokens(maskNamed(maskHeaders(redactUrls(text))));
}

/** `https://user:secret@host` and `https://token@host`; the user's name stays when there is a password beside it. */
export function redactUrls(text: string): string {
  return text.replace(
    /([a-z][a-z0-9+.-]{0,30}:\/\/)([^\s/?#@'"]{1,2048})@/gi,
    (_, scheme: string, credentials: string) => {
      const colon = credentials.indexOf(':');
      return colon > 0 ? `${scheme}${credentials.slice(0, colon)}:${MASK}@` : `${scheme}${MASK}@`;
    },
  );
}

const maskHeaders = (text: string): string =>
  text.replace(
    /\b((?:proxy-)?authorization|cookie|x-[a-z-]*(?:key|token|auth)[a-z-]*)(\s*:\s*)[^'"\r\n]+/gi,
    `$1$2${MASK}`,
  );

/**
 * `name=value`, `"name": "value"` and `name: 'value'`, wherever they stand: options, environment, queries, JSON. A name
 * that is no secret passes by alone, so that `--define=token=x` is still seen.
 */
function maskNamed(text: string): string {
  const naming = /([A-Za-z_][\w.-]{0,80})(["']?\s?[=:]\s?)/g;
  const valueAt = /(["']?)(?:(?<=")(?:[^"\\]|\\.)*|(?<=')[^']*|[^\s&;,'"]*)/y;
  let masked = '';
  let done = 0;
  for (let match = naming.exec(text); match !== null; match = naming.exec(text)) {
    const [, name = '', separator = ''] = match;
    if (!isSecretName(name)) continue;
    valueAt.lastIndex = naming.lastIndex;
    const [value = '', quote = ''] = valueAt.exec(text) ?? [];
    // `host:port` and `scheme:path` are no assignments unless they are spaced or quoted like JSON.
    const isAssignment = separator.includes('=') || /["'\s]/.test(separator) || quote !== '';
    if (value === quote || !isAssignment) continue;
    masked += `${text.slice(done, naming.lastIndex)}${quote}${MASK}`;
    done = naming.lastIndex + value.length;
    naming.lastIndex = done;
  }
  return masked + text.slice(done);
}

/** Tokens that give themselves away: our own, GitHub's, GitLab's, AWS's, Slack's, JSON web tokens. */
const maskTokens = (text: string): string =>
  text.replace(
    /\b(?:pht1\.[\w-]{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|AKIA[0-9A-Z]{16}|xox[abprs]-[\w-]{10,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)/g,
    MASK,
  );
