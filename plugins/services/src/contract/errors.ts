import { defineErrors } from '@pilothouse/contract';

/** How an action on a unit can fail on a host. */
export const servicesErrors = defineErrors({
  SERVICES_NO_SYSTEMD: {
    status: 422,
    title: { en: 'The host runs without systemd', zh: '主机未运行 systemd' },
    hint: {
      en: 'Use a command or a script for its own init system.',
      zh: '请用命令或脚本操作其自身的 init 系统。',
    },
    retry: 'never',
  },
  SERVICES_UNIT_MISSING: {
    status: 422,
    title: { en: 'There is no unit {unit} on the host', zh: '主机上没有单元 {unit}' },
    hint: {
      en: 'Check the name with: pilothouse service status {unit}; install its package, or leave the host out.',
      zh: '请用 pilothouse service status {unit} 检查名称；安装相应软件包，或排除该主机。',
    },
    retry: 'after-change',
  },
  SERVICES_UNIT_MASKED: {
    status: 422,
    title: { en: 'Unit {unit} is masked', zh: '单元 {unit} 已被屏蔽（masked）' },
    hint: {
      en: 'Somebody has forbidden it to start. If that is no longer meant: systemctl unmask {unit}',
      zh: '有人禁止其启动。若不再需要：systemctl unmask {unit}',
    },
    retry: 'after-change',
  },
  SERVICES_NOT_ENABLEABLE: {
    status: 422,
    title: {
      en: 'Unit {unit} can be neither enabled nor disabled: it is {state}',
      zh: '单元 {unit} 无法启用或禁用：其状态为 {state}',
    },
    hint: {
      en: 'It has no [Install] section: other units start it, or it is generated at boot.',
      zh: '它没有 [Install] 段：由其他单元启动，或在启动时生成。',
    },
    retry: 'never',
  },
  SERVICES_NOT_RELOADABLE: {
    status: 422,
    title: { en: 'Unit {unit} cannot reload its configuration', zh: '单元 {unit} 不支持重新加载配置' },
    hint: { en: 'Restart it instead, which interrupts it.', zh: '请改为重启，这会造成中断。' },
    retry: 'never',
  },
  SERVICES_NOT_ACTIVE: {
    status: 422,
    title: {
      en: 'Unit {unit} is {state}, so it has nothing to reload',
      zh: '单元 {unit} 处于 {state}，无法重新加载',
    },
    hint: { en: 'Start it; it reads its configuration then.', zh: '请启动它；启动时会读取配置。' },
    retry: 'after-change',
  },
  SERVICES_OWN_AGENT: {
    status: 422,
    title: { en: '{unit} is the agent that would carry this out', zh: '{unit} 正是执行此操作的 agent' },
    hint: {
      en: 'Stopping it cuts the host off. On the host itself: systemctl stop {unit}',
      zh: '停止它会使主机失联。请在主机上执行：systemctl stop {unit}',
    },
    retry: 'never',
  },
  SERVICES_FAILED: {
    status: 422,
    title: {
      en: 'Unit {unit} is {state} ({result}) after {verb}',
      zh: '执行 {verb} 后，单元 {unit} 处于 {state}（{result}）',
    },
    hint: { en: 'Its last log lines are in the output of the task.', zh: '其最近的日志在任务输出中。' },
    retry: 'after-change',
  },
  SERVICES_SYSTEMCTL: {
    status: 422,
    title: {
      en: 'systemctl {verb} {unit} ended with exit code {exitCode}',
      zh: 'systemctl {verb} {unit} 退出码为 {exitCode}',
    },
    hint: { en: 'What it said is in the output of the task.', zh: '其输出见任务输出。' },
    retry: 'after-change',
  },
});
