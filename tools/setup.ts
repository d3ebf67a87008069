/** `npm run setup`: names the Debian packages that lab and system tests need, and installs those that are missing. */
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline/promises';
import { languageOf, localeOf, type Message, renderMessage } from '@pilothouse/contract';

interface Need {
  readonly debianPackage: string;
  readonly why: Message;
}

const NEEDS: readonly Need[] = [
  {
    debianPackage: 'systemd-container',
    why: { en: 'lab hosts run under systemd-nspawn', zh: '实验主机由 systemd-nspawn 运行' },
  },
  { debianPackage: 'mmdebstrap', why: { en: "makes the lab's base image", zh: '制作实验环境的基础镜像' } },
  {
    debianPackage: 'iproute2',
    why: { en: 'network of the lab; sockets fact', zh: '实验环境的网络；套接字事实' },
  },
  { debianPackage: 'procps', why: { en: 'parameters fact', zh: '内核参数事实' } },
  {
    debianPackage: 'openssh-client',
    why: {
      en: 'signatures by keys that an ssh agent holds; tests start one of their own',
      zh: '使用 ssh-agent 所持密钥签名；测试会自行启动一个',
    },
  },
  {
    debianPackage: 'rpm',
    why: { en: 'real rpm databases for the packages fact', zh: '软件包事实所需的真实 rpm 数据库' },
  },
  {
    debianPackage: 'prometheus',
    why: {
      en: 'gates over real metrics; tests start one of their own',
      zh: '基于真实指标的关卡；测试会自行启动一个',
    },
  },
  {
    debianPackage: 'postgresql',
    why: {
      en: 'the store on PostgreSQL; tests start one of their own',
      zh: 'PostgreSQL 存储；测试会自行启动一个',
    },
  },
  {
    debianPackage: 'haproxy',
    why: {
      en: 'several machines behind a load balancer; tests start one of their own',
      zh: '负载均衡器后的多台机器；测试会自行启动一个',
    },
  },
];

const isInstalled = (name: string): boolean => {
  const query = spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' });
  return query.stdout.startsWith('install ok installed');
};

const language = languageOf(process.env['PILOTHOUSE_LANG'] || localeOf(process.env));
const say = (text: Message, details: Readonly<Record<string, string>> = {}): void => {
  process.stdout.write(`${renderMessage(text, language, details)}\n`);
};

async function agree(): Promise<boolean> {
  if (process.env['CI'] !== undefined || process.argv.includes('--yes')) return true;
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const question = { en: 'Install them now? [y/N] ', zh: '现在安装吗？[y/N] ' };
  const answer = await terminal.question(question[language]);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

async function setup(): Promise<number> {
  const missing = NEEDS.filter((need) => !isInstalled(need.debianPackage));
  if (missing.length === 0) {
    say({
      en: 'Everything that the lab and the system tests need is installed.',
      zh: '实验环境和系统测试所需的软件包均已安装。',
    });
    return 0;
  }
  say({
    en: 'The lab and the system tests need these Debian packages:',
    zh: '实验环境和系统测试需要以下 Debian 软件包：',
  });
  for (const { debianPackage, why } of missing)
    process.stdout.write(`  ${debianPackage.padEnd(20)} ${why[language]}\n`);
  const names = missing.map((need) => need.debianPackage);
  const command = `apt-get install -y --no-install-recommends ${names.join(' ')}`;
  if (process.getuid?.() !== 0) {
    say(
      {
        en: '\nThis user cannot install packages. Run as root:\n  {command}',
        zh: '\n当前用户无法安装软件包。请以 root 运行：\n  {command}',
      },
      { command },
    );
    return 1;
  }
  if (!(await agree())) {
    say(
      {
        en: '\nNothing was installed. To install them yourself:\n  {command}',
        zh: '\n未安装任何软件包。可自行安装：\n  {command}',
      },
      { command },
    );
    return 1;
  }
  for (const args of [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', ...names],
  ]) {
    const result = spawnSync('apt-get', args, {
      stdio: 'inherit',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (result.status !== 0) {
      say(
        {
          en: 'apt-get {verb} failed; see above. Nothing else was changed.',
          zh: 'apt-get {verb} 失败，详见上文。其他内容未作更改。',
        },
        { verb: String(args[0]) },
      );
      return 1;
    }
  }
  return 0;
}

process.exitCode = await setup();
