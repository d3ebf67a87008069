import { hostname, userInfo } from 'node:os';
import { EXIT, flag, note, one, printRecord, text } from '@pilothouse/cli-kit';
import { AppError, sessionRoutes } from '@pilothouse/contract';
import type { AppContext } from '../app-context.ts';
import { normalUrl, type Site } from '../connect-site.ts';
import { defineAppCommand } from '../define-app-command.ts';

const PASSWORD_CHARS_MAX = 4096;

export const loginCommands = [
  defineAppCommand({
    path: 'login',
    summary: { en: 'Sign in to a server and remember it', zh: '登录服务器并保存' },
    details: {
      en: 'The pin is the digest of the server’s certificate authority, printed when the server starts. With it the first connection is already safe. --setup takes the one-time code of a fresh server and makes the first administrator.',
      zh: '指纹是服务器证书颁发机构的摘要，服务器启动时会打印。有了它，首次连接即是安全的。--setup 使用全新服务器的一次性代码创建首位管理员。',
    },
    arguments: { server: one({ en: 'https://HOST:PORT', zh: 'https://主机:端口' }) },
    options: {
      pin: text({
        placeholder: 'SHA256',
        about: { en: 'Digest of the server’s authority', zh: '服务器证书颁发机构的摘要' },
      }),
      setup: text({
        placeholder: 'CODE',
        about: {
          en: 'Make the first administrator with the one-time code',
          zh: '使用一次性代码创建首位管理员',
        },
      }),
      name: text({ placeholder: 'NAME', about: { en: 'User name', zh: '用户名' } }),
      passwordStdin: flag({
        about: { en: 'Read the password from standard input', zh: '从标准输入读取密码' },
      }),
      tokenStdin: flag({
        about: {
          en: 'Keep an API token read from standard input instead',
          zh: '改为从标准输入读取并保存 API 令牌',
        },
      }),
    },
    examples: [
      {
        line: 'pilothouse login https://localhost:7443 --pin PIN --setup CODE --name ada',
        about: { en: 'The first login, as the server prints it', zh: '首次登录（服务器会打印此命令）' },
      },
      {
        line: 'pilothouse login https://pilot.example:7443 --name ada --password-stdin < password.txt',
        about: { en: 'From a script', zh: '在脚本中登录' },
      },
    ],
    async run(context, { args, options }) {
      const url = normalUrl(args.server);
      const authority = await findAuthority(context, url, options.pin);
      const site: Site = { url, token: null, authority };
      const token = options.tokenStdin
        ? (await context.terminal.readInput(PASSWORD_CHARS_MAX)).trim()
        : await signIn(context, site, options);
      const me = await context.connector.clientOf({ ...site, token }).call(sessionRoutes.me);
      const config = await context.sites.readConfig();
      await context.sites.writeConfig({
        ...config,
        current: url,
        servers: { ...config.servers, [url]: { token, user: me.user.name, authority } },
      });
      printRecord(context, { server: url, user: me.user }, [
        [context.say({ en: 'server', zh: '服务器' }), url],
        [context.say({ en: 'signed in as', zh: '登录身份' }), me.user.name],
        [context.say({ en: 'roles', zh: '角色' }), me.user.roles.join(', ')],
      ]);
      return EXIT.ok;
    },
  }),
];

interface SignIn {
  readonly setup: string | undefined;
  readonly name: string | undefined;
  readonly passwordStdin: boolean;
}

async function signIn(context: AppContext, site: Site, options: SignIn): Promise<string> {
  const { say, terminal } = context;
  const name = options.name ?? (await terminal.ask(say({ en: 'Name: ', zh: '用户名：' })));
  if (name === null)
    throw new AppError('CLI_ARGUMENT_MISSING', { command: 'pilothouse login', argument: '--name' });
  const password = options.passwordStdin
    ? (await terminal.readInput(PASSWORD_CHARS_MAX)).replace(/\r?\n$/, '')
    : await askPassword(context, options.setup !== undefined);
  const client = context.connector.clientOf(site);
  const tokenName = `cli ${userInfo().username}@${hostname()}`.slice(0, 100);
  const answer =
    options.setup === undefined
      ? await client.call(sessionRoutes.signIn, { body: { name, password, tokenName } })
      : await client.call(sessionRoutes.setup, { body: { code: options.setup, name, password, tokenName } });
  if (answer.token === null)
    throw new AppError('CLIENT_ANSWER_INVALID', {
      method: 'POST',
      path: '/session',
      problem: { en: 'no token', zh: '没有令牌' },
    });
  return answer.token;
}

/** A new password is asked for twice, because a slip in the first administrator's would lock everybody out. */
async function askPassword(context: AppContext, isNew: boolean): Promise<string> {
  const { say, terminal } = context;
  const ask = async (question: string): Promise<string> => {
    const answer = await terminal.ask(question, { isSecret: true });
    if (answer === null) {
      throw new AppError('CLI_ARGUMENT_MISSING', {
        command: 'pilothouse login',
        argument: '--password-stdin',
      });
    }
    return answer;
  };
  const password = await ask(say({ en: 'Password: ', zh: '密码：' }));
  if (!isNew) return password;
  const again = await ask(say({ en: 'Password again: ', zh: '再次输入密码：' }));
  if (again !== password) {
    throw new AppError('CLI_VALUE_INVALID', {
      value: '***',
      expected: say({ en: 'the same password twice', zh: '两次输入相同的密码' }),
    });
  }
  return password;
}

/** Null: the system's trust is enough. Otherwise the authority that the pin names, or that a person has compared. */
async function findAuthority(
  context: AppContext,
  url: string,
  pin: string | undefined,
): Promise<string | null> {
  if (pin !== undefined) return context.sites.authorityByPin(url, pin);
  if (url.startsWith('http:')) return null;
  const known = (await context.sites.readConfig()).servers[url]?.authority ?? null;
  if (known !== null || (await context.sites.isTrustedBySystem(url))) return known;
  const top = (await context.sites.presentedChain(url)).at(-1);
  const { say, terminal } = context;
  if (top === undefined || !terminal.isInputTty) {
    throw new AppError('CLIENT_UNTRUSTED', {
      url,
      reason: say({ en: 'no --pin was given', zh: '未提供 --pin' }),
    });
  }
  note(
    context,
    say(
      {
        en: 'This computer does not know the authority of {url}. Its pin is',
        zh: '本机不认识 {url} 的证书颁发机构。其指纹为',
      },
      { url },
    ),
  );
  note(context, `  ${top.pin}`);
  const answer = await terminal.ask(
    say({
      en: 'Type the first 8 digits of the pin that the server printed: ',
      zh: '请输入服务器打印的指纹的前 8 位：',
    }),
  );
  if ((answer ?? '').trim().toLowerCase() !== top.pin.slice(0, 8))
    throw new AppError('CLI_PIN_MISMATCH', { url });
  return top.pem;
}
