import { join } from 'node:path';
import type { Message } from '@pilothouse/contract';
import { LOG_LEVELS } from '@pilothouse/kernel/log';

/**
 * Every setting of the server, once. Its name is the same in all three places: `gateway-listen` in the configuration
 * file, `--gateway-listen` as a flag, `PILOTHOUSE_GATEWAY_LISTEN` in the environment; a flag wins over the environment,
 * the environment over the file.
 */
export interface Setting {
  readonly name: string;
  /** Null: none. */
  readonly default: string | null;
  readonly meaning: Message;
}

const setting = (name: string, fallback: string | null, en: string, zh: string): Setting => ({
  name,
  default: fallback,
  meaning: { en, zh },
});

export const settings: readonly Setting[] = [
  setting('config', null, 'Configuration file, JSON', '配置文件（JSON）'),
  setting('data', './.pilothouse', 'Data directory', '数据目录'),
  setting(
    'listen',
    ':7443',
    'Address of API and console; without a host: all addresses, since operators sit at other machines',
    'API 与控制台监听地址；省略主机名表示所有地址，因为操作员通常在其他机器上',
  ),
  setting('gateway-listen', ':7444', 'Address of the agents’ gateway', 'agent 网关监听地址'),
  setting(
    'gateway-proxy-protocol',
    null,
    'Addresses and networks of load balancers before the gateway that speak the PROXY protocol, comma-separated; default: none',
    '网关前使用 PROXY 协议的负载均衡器的地址或网段，逗号分隔；默认无',
  ),
  setting(
    'advertise',
    null,
    'Names and addresses by which agents and people reach the server, comma-separated, the best first; default: those of this machine',
    '供 agent 和用户访问的名称与地址，逗号分隔，最优者在前；默认使用本机的名称和地址',
  ),
  setting(
    'store',
    'sqlite',
    'sqlite: embedded, in the data directory; or postgres://user:password@host/database, PostgreSQL 15 or later',
    'sqlite：内嵌于数据目录；或 postgres://user:password@host/database（PostgreSQL 15 及以上）',
  ),
  setting(
    'processes',
    '1',
    'Server processes on this machine: 1, or a leader and so many fronts less one that hold connections for it',
    '本机的服务器进程数：1；或一个主控进程，其余为承接连接的前端进程',
  ),
  setting(
    'peer-listen',
    null,
    'Address for the other machines of this installation, over one PostgreSQL; default: there are none',
    '供同一安装的其他机器（共用一个 PostgreSQL）连接的监听地址；默认无其他机器',
  ),
  setting(
    'peer-advertise',
    null,
    'How the other machines reach that address; default: peer-listen, when it names a host',
    '其他机器访问该地址的方式；peer-listen 含主机名时默认与其相同',
  ),
  setting('lang', null, 'en or zh; default: the locale', 'en 或 zh；默认取决于系统区域'),
  setting('log-level', 'info', LOG_LEVELS.join(', '), LOG_LEVELS.join('、')),
  setting('log-format', null, 'json or text; default: text on a terminal', 'json 或 text；终端上默认为 text'),
  setting(
    'oidc-issuer',
    null,
    'Sign-in provider; without it: local accounts alone',
    '身份提供方；不设置则仅使用本地账号',
  ),
  setting('oidc-client-id', null, 'Our id at the provider', '在身份提供方的客户端标识'),
  setting('oidc-client-secret', null, 'Our secret there, if it wants one', '客户端密钥（如需要）'),
  setting(
    'oidc-redirect-url',
    null,
    'Our callback as the provider knows it; default: the first advertised name',
    '在身份提供方登记的回调地址；默认使用首个对外名称',
  ),
  setting('oidc-scope', 'openid profile email', 'What is asked of the provider', '请求的范围'),
  setting('oidc-name-claim', 'preferred_username', 'Claim with the name', '用户名所在的声明'),
  setting('oidc-groups-claim', 'groups', 'Claim with the groups', '用户组所在的声明'),
  setting(
    'oidc-roles',
    null,
    'Roles by group: ops=operator,auditors=reader',
    '按组分配角色：ops=operator,auditors=reader',
  ),
  setting(
    'prometheus-url',
    null,
    'Prometheus that gates of rollouts may ask; without it: gates over facts and vitals alone',
    '上线关卡可查询的 Prometheus；不设置则关卡仅使用事实与指标',
  ),
  setting('prometheus-token', null, 'Bearer token for it, if it wants one', '访问它的令牌（如需要）'),
  setting(
    'offline-grace-seconds',
    '60',
    'How long a host may be offline before budgets count it as down',
    '主机离线多久后计入预算',
  ),
  setting(
    'notify-allow',
    null,
    'Addresses and networks of this machine and its inside that notifications may be sent to, comma-separated; default: none',
    '允许通知发送到的本机或内部地址与网段，逗号分隔；默认无',
  ),
  setting('retention-events', '500000', 'Events that are kept', '保留的事件条数'),
  setting('retention-results-days', '90', 'Days that outputs of tasks are kept', '任务输出保留天数'),
  setting('retention-facts-days', '400', 'Days of fact history', '事实历史保留天数'),
];

export const environmentName = (name: string): string =>
  `PILOTHOUSE_${name.toUpperCase().replaceAll('-', '_')}`;

export const storePath = (dataDirectory: string): string => join(dataDirectory, 'pilothouse.db');
