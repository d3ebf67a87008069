import { defineFinding } from '@pilothouse/contract';

export const fileSystemNearlyFull = defineFinding({
  kind: 'inventory.file-system-nearly-full',
  severity: 'high',
  title: {
    en: 'File system {mountPoint} is at least {usedPercentMin} % full ({resource})',
    zh: '文件系统 {mountPoint} 已使用至少 {usedPercentMin} %（{resource}）',
  },
  hint: {
    en: 'Find what grows, for example: pilothouse run --host HOST -- du -xh --max-depth=2 {mountPoint}; then remove it or enlarge the file system.',
    zh: '查明增长来源，例如：pilothouse run --host HOST -- du -xh --max-depth=2 {mountPoint}；然后清理或扩容。',
  },
  remedy: null,
});

export const unitFailed = defineFinding({
  kind: 'inventory.unit-failed',
  severity: 'medium',
  title: { en: 'Unit {unit} has failed', zh: '单元 {unit} 已失败' },
  hint: {
    en: 'See why: pilothouse run --host HOST -- journalctl -u {unit} -n 50. Repair it, then restart the unit.',
    zh: '查看原因：pilothouse run --host HOST -- journalctl -u {unit} -n 50。修复后重启该单元。',
  },
  remedy: null,
});

export const rebootRequired = defineFinding({
  kind: 'inventory.reboot-required',
  severity: 'medium',
  title: {
    en: 'A reboot is required: kernel {running} runs, {newest} is installed',
    zh: '需要重启：正在运行内核 {running}，已安装 {newest}',
  },
  hint: {
    en: 'Reboot the host in its maintenance window. Packages that asked for it: {packages}.',
    zh: '请在维护窗口内重启主机。提出重启要求的软件包：{packages}。',
  },
  remedy: null,
});

export const agentOutdated = defineFinding({
  kind: 'inventory.agent-outdated',
  severity: 'low',
  title: {
    en: 'The agent is version {version}; this server needs {versionMin} or later',
    zh: 'agent 版本为 {version}；本服务器需要 {versionMin} 或更高版本',
  },
  hint: { en: 'Upgrade the agent on this host.', zh: '请升级该主机上的 agent。' },
  remedy: null,
});

export const inventoryFindings = [fileSystemNearlyFull, unitFailed, rebootRequired, agentOutdated];
