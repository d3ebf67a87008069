import { MINUTE_MS } from '@pilothouse/base';
import {
  defineAction,
  type EffectClass,
  type Interruption,
  type Message,
  ruleText,
} from '@pilothouse/contract';
import { z } from 'zod';

/** A unit by its whole name: `nginx.service`, `backup.timer`. Aliases are followed by systemd. */
export const UnitName = z.string().regex(
  /^[A-Za-z0-9@._:\\-]{1,240}\.(service|socket|timer|target|path|mount)$/,
  ruleText({
    en: 'must be the whole name of a unit, such as nginx.service',
    zh: '必须是单元的完整名称，例如 nginx.service',
  }),
);

/**
 * Units whose start ends, suspends or leaves the running system: to start one is to reboot, whatever the verb is called,
 * and that is an action of its own with its own right and its own drains.
 */
const SYSTEM_STATES =
  /^(?:(?:poweroff|reboot|soft-reboot|halt|kexec|exit|shutdown|final|umount|rescue|emergency|suspend|hibernate|hybrid-sleep|suspend-then-hibernate|sleep|ctrl-alt-del|runlevel[016]|initrd-switch-root|factory-reset)\.target|(?:rescue|emergency|initrd-switch-root|systemd-(?:poweroff|reboot|soft-reboot|halt|kexec|exit|suspend|hibernate|hybrid-sleep|suspend-then-hibernate|factory-reset-request))\.service)$/;

const UnitToControl = UnitName.refine(
  (unit) => !SYSTEM_STATES.test(unit),
  ruleText({
    en: 'must not be a state of the whole system; use host.reboot to reboot',
    zh: '不得是整个系统的状态；重启请使用 host.reboot',
  }),
);

export const UnitParameters = z.object({ unit: UnitToControl });
export type UnitParameters = z.infer<typeof UnitParameters>;
/** `now`: also starts (or stops) it at once. */
export const EnableParameters = z.object({ unit: UnitToControl, now: z.boolean().default(false) });
export type EnableParameters = z.infer<typeof EnableParameters>;

export const VERBS = ['start', 'stop', 'restart', 'reload', 'enable', 'disable'] as const;
export type Verb = (typeof VERBS)[number];

/** systemd's own default for a start or stop is 90 s; some databases take minutes. */
const TIMEOUT_MS_MAX = 60 * MINUTE_MS;

const common = {
  trust: 'typed',
  locks: ({ unit }: { unit: string }) => [`service:${unit}`],
  timeoutMsMax: TIMEOUT_MS_MAX,
  // Of inventory, whose contract no other contract may read.
  changesFacts: ['services'],
  withoutRoot: { en: 'only root may control units of the system', zh: '只有 root 可以控制系统单元' },
} as const;

const recorded = { kind: 'recorded' } as const;
const notUndone = {
  kind: 'none',
  reason: {
    en: 'What ran before a restart or a reload is gone.',
    zh: '重启或重新加载之前的运行状态已不存在。',
  },
} as const;

function unitAction(
  verb: 'start' | 'stop' | 'restart' | 'reload',
  is: {
    readonly title: Message;
    readonly effect: EffectClass;
    readonly interrupts: Interruption;
    readonly undo: typeof recorded | typeof notUndone;
  },
) {
  const { effect, interrupts, ...rest } = is;
  return defineAction({
    ...common,
    ...rest,
    name: `services.${verb}`,
    parameters: UnitParameters,
    effect: () => effect,
    interrupts: () => interrupts,
  });
}

export const startService = unitAction('start', {
  title: { en: 'Start a service', zh: '启动服务' },
  effect: 'reversible',
  interrupts: 'none',
  undo: recorded,
});
export const stopService = unitAction('stop', {
  title: { en: 'Stop a service', zh: '停止服务' },
  effect: 'disruptive',
  interrupts: 'service',
  undo: recorded,
});
export const restartService = unitAction('restart', {
  title: { en: 'Restart a service', zh: '重启服务' },
  effect: 'disruptive',
  interrupts: 'service',
  undo: notUndone,
});
export const reloadService = unitAction('reload', {
  title: { en: 'Let a service read its configuration again', zh: '重新加载服务配置' },
  effect: 'disruptive',
  interrupts: 'none',
  undo: notUndone,
});
export const enableService = defineAction({
  ...common,
  name: 'services.enable',
  title: { en: 'Start a service at every boot', zh: '设为开机启动' },
  parameters: EnableParameters,
  effect: () => 'reversible',
  interrupts: () => 'none',
  undo: recorded,
});
export const disableService = defineAction({
  ...common,
  name: 'services.disable',
  title: { en: 'Start a service at boot no more', zh: '取消开机启动' },
  parameters: EnableParameters,
  effect: ({ now }) => (now ? 'disruptive' : 'reversible'),
  interrupts: ({ now }) => (now ? 'service' : 'none'),
  undo: recorded,
});

export const serviceActions = [
  startService,
  stopService,
  restartService,
  reloadService,
  enableService,
  disableService,
] as const;
