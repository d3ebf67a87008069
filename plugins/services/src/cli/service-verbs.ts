import {
  type AnyCommand,
  defineCommand,
  flag,
  one,
  runActions,
  runActionsOptions,
} from '@pilothouse/cli-kit';
import type { EffectClass, Message } from '@pilothouse/contract';
import type { Verb } from '../contract/actions.ts';
import { wholeUnitName } from './whole-unit-name.ts';

const unit = one({ en: 'A unit; .service may be left out', zh: '单元名称；可省略 .service' });

const now = flag({ about: { en: 'Start or stop it at once, too', zh: '同时立即启动或停止' } });

interface VerbText {
  readonly verb: Verb;
  readonly effect: EffectClass;
  readonly summary: Message;
  readonly line: string;
  readonly about: Message;
}

const TEXTS: readonly VerbText[] = [
  {
    verb: 'start',
    effect: 'reversible',
    summary: { en: 'Start a service', zh: '启动服务' },
    line: 'pilothouse service start cron --all --dry-run',
    about: { en: 'Where would it change anything?', zh: '将在哪些主机产生更改？' },
  },
  {
    verb: 'stop',
    effect: 'disruptive',
    summary: { en: 'Stop a service', zh: '停止服务' },
    line: 'pilothouse service stop cron --host web-1 --yes',
    about: { en: 'On one host, without a question', zh: '在一台主机上停止且不询问' },
  },
  {
    verb: 'restart',
    effect: 'disruptive',
    summary: { en: 'Restart a service', zh: '重启服务' },
    line: 'pilothouse service restart cron -s \'label.role == "web"\' --batch 2 --yes',
    about: { en: 'Two hosts at a time', zh: '每次两台主机' },
  },
  {
    verb: 'reload',
    effect: 'disruptive',
    summary: { en: 'Let a service read its configuration again', zh: '重新加载服务配置' },
    line: 'pilothouse service reload ssh --host web-1 --dry-run',
    about: { en: 'Can it reload at all?', zh: '是否支持重新加载？' },
  },
];
const BOOT_TEXTS: readonly VerbText[] = [
  {
    verb: 'enable',
    effect: 'reversible',
    summary: { en: 'Start a service at every boot', zh: '设为开机启动' },
    line: 'pilothouse service enable cron --now --all --yes',
    about: { en: 'And start it now', zh: '并立即启动' },
  },
  {
    verb: 'disable',
    effect: 'disruptive',
    summary: { en: 'Start a service at boot no more', zh: '取消开机启动' },
    line: 'pilothouse service disable cron --host web-1 --dry-run',
    about: { en: 'What would change there?', zh: '将产生哪些更改？' },
  },
];

export const serviceVerbs: readonly AnyCommand[] = [
  ...TEXTS.map(({ verb, effect, summary, line, about }) =>
    defineCommand({
      path: `service ${verb}`,
      summary,
      arguments: { unit },
      options: runActionsOptions,
      examples: [{ line, about }],
      run(context, { args, options }) {
        const name = wholeUnitName(args.unit);
        const actions = [{ action: `services.${verb}`, parameters: { unit: name } }];
        return runActions(context, options, { title: `${verb} ${name}`, actions, effect });
      },
    }),
  ),
  ...BOOT_TEXTS.map(({ verb, effect, summary, line, about }) =>
    defineCommand({
      path: `service ${verb}`,
      summary,
      arguments: { unit },
      options: { ...runActionsOptions, now },
      examples: [{ line, about }],
      run(context, { args, options }) {
        const name = wholeUnitName(args.unit);
        const actions = [{ action: `services.${verb}`, parameters: { unit: name, now: options.now } }];
        return runActions(context, options, { title: `${verb} ${name}`, actions, effect });
      },
    }),
  ),
];
