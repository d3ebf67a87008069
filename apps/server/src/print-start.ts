import { defineMessages, type Language, renderMessage } from '@pilothouse/contract';

const texts = defineMessages({
  ready: { en: 'Pilothouse is ready.', zh: 'Pilothouse 已就绪。' },
  standingBy: {
    en: 'This machine stands by: {holder} leads.',
    zh: '本机待命：当前主控为 {holder}。',
  },
  console: { en: 'API and console', zh: 'API 与控制台' },
  gateway: { en: 'Agents connect to', zh: 'agent 接入' },
  host: { en: 'This machine', zh: '本机' },
  hostOnline: { en: '{name}, online ({id})', zh: '{name}，在线（{id}）' },
  hostMissing: {
    en: 'its agent has not connected yet; see {logPath}',
    zh: '本机 agent 尚未连接，见 {logPath}',
  },
  lacking: {
    en: 'What its agent cannot offer (without root a part is missing):',
    zh: '其 agent 无法提供（未以 root 运行时部分缺失）：',
  },
  log: { en: 'Log', zh: '日志' },
  setup: {
    en: 'Make the first administrator (the code serves once):',
    zh: '创建首位管理员（代码仅可使用一次）：',
  },
  browser: { en: 'in a browser', zh: '浏览器' },
  terminal: { en: 'or in a terminal', zh: '或命令行' },
  login: { en: 'Sign in from a terminal:', zh: '从命令行登录：' },
  stop: {
    en: 'Ctrl-C stops it; the next start finds everything as it was.',
    zh: 'Ctrl-C 停止；下次启动一切照旧。',
  },
});

export interface StartFacts {
  readonly port: number;
  readonly gatewayPort: number;
  readonly pin: string;
  /** Null when there is an administrator. */
  readonly setupCode: string | null;
  readonly language: Language;
  /** Where its log goes; absent or null: to standard error. */
  readonly logPath?: string | null;
}

export interface LocalHost {
  /** Null when it did not connect in time. */
  readonly host: { readonly id: string; readonly name: string } | null;
  /** Of its agent. */
  readonly logPath: string;
  /** What its agent cannot offer, one line each. */
  readonly lacking: readonly string[];
}

/** Where the server is and how to get in. */
export function printAddresses(facts: StartFacts, local?: LocalHost): string {
  const say = (key: keyof typeof texts): string => texts[key][facts.language];
  const url = `https://localhost:${facts.port}`;
  const rows: [string, string][] = [
    [say('console'), url],
    [say('gateway'), `https://localhost:${facts.gatewayPort}`],
  ];
  if (local !== undefined) {
    const name =
      local.host === null
        ? renderMessage(texts.hostMissing, facts.language, { logPath: local.logPath })
        : renderMessage(texts.hostOnline, facts.language, local.host);
    rows.push([say('host'), name]);
  }
  const { logPath = null } = facts;
  if (logPath !== null) rows.push([say('log'), logPath]);
  const lines = ['', say('ready'), '', ...rows.map(([label, value]) => `  ${label}: ${value}`)];
  if (local !== undefined && local.lacking.length > 0) {
    lines.push('', `  ${say('lacking')}`, ...local.lacking.map((line) => `    ${line}`));
  }
  const login = `npx --no pilothouse login ${url} --pin ${facts.pin}`;
  if (facts.setupCode === null) lines.push('', `  ${say('login')}`, `    ${login}`);
  else {
    const { setupCode } = facts;
    lines.push('', `  ${say('setup')}`);
    lines.push(`    ${say('browser')}: ${url}/setup#${setupCode}`);
    lines.push(`    ${say('terminal')}: ${login} --setup ${setupCode}`);
  }
  return `${[...lines, '', `  ${say('stop')}`, ''].join('\n')}\n`;
}

/** The same of a machine behind which another leads. */
export function printStandingBy(
  facts: Pick<StartFacts, 'port' | 'gatewayPort' | 'language'> & { readonly holder: string },
): string {
  const { port, gatewayPort, language, holder } = facts;
  const lines = [
    `${texts.ready[language]} ${renderMessage(texts.standingBy, language, { holder })}`,
    '',
    `  ${texts.console[language]}: https://localhost:${port}`,
    `  ${texts.gateway[language]}: https://localhost:${gatewayPort}`,
    '',
    `  ${texts.stop[language]}`,
  ];
  return `\n${lines.join('\n')}\n\n`;
}
