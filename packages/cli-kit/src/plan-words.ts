/** What a plan says, in words: whoever approves it should read no JSON where there is a word for it. */
import {
  type Canary,
  type JsonObject,
  joinMessages,
  type Message,
  type PlanTarget,
  type Probe,
  renderMessage,
  type TargetRequest,
  type WaveSize,
  type Waves,
} from '@pilothouse/contract';
import type { CliContext } from './cli-context.ts';

type Speaker = Pick<CliContext, 'say'>;

const COMMA: Message = { en: ', ', zh: '，' };
const fill = (message: Message, parameters: Record<string, unknown>): Message => ({
  en: renderMessage(message, 'en', parameters),
  zh: renderMessage(message, 'zh', parameters),
});
const same = (text: string): Message => ({ en: text, zh: text });

/** `every host`, a selector, groups, or how many hosts by name. */
export function targetText({ say }: Speaker, target: TargetRequest | PlanTarget): string {
  const { selector, groups = [] } = target;
  const named = 'hosts' in target ? (target.hosts?.count ?? 0) : namedIn(target);
  const parts: Message[] = [
    ...(selector === undefined ? [] : [selector === 'true' ? EVERY_HOST : same(selector)]),
    ...groups.map((path) => fill({ en: 'group {path}', zh: '分组 {path}' }, { path })),
    ...(named === 0
      ? []
      : [fill({ en: '{named} {named:host|hosts} by name', zh: '指定的 {named} 台主机' }, { named })]),
  ];
  return say(joinMessages(parts, COMMA)) || '-';
}

const EVERY_HOST: Message = { en: 'every host', zh: '所有主机' };
const namedIn = (target: TargetRequest | PlanTarget): number =>
  'hostIds' in target ? (target.hostIds?.length ?? 0) : 0;

/** How hosts are split into waves. */
export function wavesText({ say }: Speaker, waves: Waves): string {
  switch (waves.kind) {
    case 'all':
      return say({ en: 'all hosts at once', zh: '所有主机同时' });
    case 'fixed':
      return say({ en: '{n} {n:host|hosts} at a time', zh: '每批 {n} 台' }, { n: waves.hostsPerWave });
    case 'staged':
      return say(joinMessages([...canaryText(waves.canary), ...waves.then.map(sizeText)], COMMA));
    case 'per-label': {
      const { label, order } = waves;
      const first =
        order.length === 0
          ? []
          : [fill({ en: '{order} first', zh: '{order} 在前' }, { order: order.join(', ') })];
      const each = fill(
        { en: 'one wave for each value of {label}', zh: '标签 {label} 的每个值一批' },
        { label },
      );
      return say(joinMessages([...canaryText(waves.canary), each, ...first], COMMA));
    }
  }
}

function canaryText(canary: Canary | null): Message[] {
  if (canary === null) return [];
  if ('hosts' in canary)
    return [fill({ en: '{n} {n:host|hosts} first', zh: '先 {n} 台' }, { n: canary.hosts })];
  const facts = canary.perBuild.join(', ');
  return [
    fill({ en: 'one host of each build by {facts} first', zh: '先在每种构建（{facts}）的一台上' }, { facts }),
  ];
}

const sizeText = (size: WaveSize): Message =>
  'hosts' in size
    ? fill({ en: '{n} {n:host|hosts}', zh: '{n} 台' }, { n: size.hosts })
    : same(`${size.percent}%`);

/** What a host checks of itself. */
export function probeText({ say }: Speaker, probe: Probe): string {
  const tries = { ...probe, seconds: probe.timeoutMs / 1000 };
  const what = { command: COMMAND, http: HTTP, tcp: TCP, unit: UNIT }[probe.kind];
  const argv = probe.kind === 'command' ? probe.argv.join(' ') : '';
  return say(what, { ...tries, argv }) + say(TRIES, tries);
}

const COMMAND: Message = {
  en: '{name}: "{argv}" ends with {exitCode}',
  zh: '{name}：“{argv}”以 {exitCode} 退出',
};
const HTTP: Message = {
  en: '{name}: {url} answers {statusMin} to {statusMax}',
  zh: '{name}：{url} 返回 {statusMin} 至 {statusMax}',
};
const TCP: Message = { en: '{name}: {host}:{port} accepts', zh: '{name}：{host}:{port} 可连接' };
const UNIT: Message = { en: '{name}: {unit} is active', zh: '{name}：{unit} 处于活动状态' };
const TRIES: Message = {
  en: ' ({tries} {tries:try|tries} of {seconds} s)',
  zh: '（最多 {tries} 次，每次 {seconds} 秒）',
};

/** Parameters that name what an action is about, the most telling first. */
const SUBJECTS = ['path', 'unit', 'package', 'name', 'host', 'script'];

/** `files.manage /etc/motd`: an action with what it is about, where its parameters say so. */
export function actionText({
  action,
  parameters,
}: {
  readonly action: string;
  readonly parameters: JsonObject;
}): string {
  const subject = SUBJECTS.map((name) => parameters[name]).find((value) => typeof value === 'string');
  return subject === undefined ? action : `${action} ${String(subject)}`;
}
