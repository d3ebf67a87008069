/** What `npm run lab` says to people. What fails deep inside (a host that does not boot) stays in the words of what failed. */
import { defineMessages } from '@pilothouse/contract';

export const LAB_TEXTS = defineMessages({
  help: {
    en: `Real hosts on this machine, for trying Pilothouse and for its tests. Needs root.

  npm run lab -- up --hosts 8 [--token pht1.…] [--mix debian-12,rpm-host]   make and boot hosts h1 … h8, enrolled when a token is given
  npm run lab -- status                                            which hosts run, and their addresses
  npm run lab -- exec h1 -- uptime                                 run a command on a host, as its root
  npm run lab -- unplug h1 · plug h1                               pull and put back its network cable
  npm run lab -- power-off h1 · power-on h1                        cut its power; boot it again
  npm run lab -- clone h1 h9                                       a second host from the same disk
  npm run lab -- down                                              remove everything, also after a crash
`,
    zh: `在本机上建立真实主机，用于试用 Pilothouse 及运行其测试。需要 root。

  npm run lab -- up --hosts 8 [--token pht1.…] [--mix debian-12,rpm-host]   建立并启动主机 h1 … h8；给出令牌时一并注册
  npm run lab -- status                                            正在运行的主机及其地址
  npm run lab -- exec h1 -- uptime                                 以 root 在主机上运行命令
  npm run lab -- unplug h1 · plug h1                               拔下、插回网线
  npm run lab -- power-off h1 · power-on h1                        切断电源；重新启动
  npm run lab -- clone h1 h9                                       由同一磁盘得到第二台主机
  npm run lab -- down                                              全部移除，崩溃之后同样有效
`,
  },
  lacks: {
    en: 'The lab cannot run here. Missing:\n{lacks}',
    zh: '实验环境无法在此运行。缺少：\n{lacks}',
  },
  unknownVerb: { en: 'There is no verb "{verb}".\n\n{help}', zh: '没有动词“{verb}”。\n\n{help}' },
  unknownMix: { en: '--mix knows: {names}', zh: '--mix 可用的值：{names}' },
  noHosts: {
    en: 'No hosts. Make some: npm run lab -- up --hosts 8',
    zh: '没有主机。建立主机：npm run lab -- up --hosts 8',
  },
  off: { en: 'off', zh: '已关机' },
  running: { en: 'running', zh: '运行中' },
});
