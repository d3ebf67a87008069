import { AppError, type Message } from '@pilothouse/contract';

type Address = { readonly host: string; readonly port: number };

/** Of several machines over one database: where the others find this one. */
export interface PeersConfig {
  readonly listen: Address;
  readonly advertised: Address;
}

interface Parsed {
  readonly store: string;
  readonly processes: number;
  readonly 'peer-listen'?: Address | undefined;
  readonly 'peer-advertise'?: Address | undefined;
}

/** A host that stands for all addresses is none that others could ask for. */
const EVERYWHERE: ReadonlySet<string> = new Set(['', '0.0.0.0', '::']);

/** Null: there is one machine. AppError PEERS_NEED_POSTGRES, CONFIG_INVALID. */
export function peersOf({ store, processes, ...parsed }: Parsed): PeersConfig | null {
  const { 'peer-listen': listen, 'peer-advertise': advertise } = parsed;
  if (listen === undefined) {
    if (advertise === undefined) return null;
    throw invalid('peer-listen', {
      en: 'is needed with peer-advertise',
      zh: '设置了 peer-advertise 时必须提供',
    });
  }
  if (!/^postgres(ql)?:/.test(store)) throw new AppError('PEERS_NEED_POSTGRES');
  if (processes < 2)
    throw invalid('processes', {
      en: 'has to be 2 or more with peer-listen: one that can lead, and one that holds connections',
      zh: '使用 peer-listen 时必须至少为 2：一个可成为主控，一个承接连接',
    });
  const advertised = advertise ?? listen;
  if (listen.port === 0 || advertised.port === 0)
    throw invalid('peer-listen', { en: 'needs a port of your choice', zh: '必须指定端口' });
  if (EVERYWHERE.has(advertised.host))
    throw invalid('peer-advertise', {
      en: 'has to name the host by which the other machines reach this one',
      zh: '必须写明其他机器访问本机所用的主机',
    });
  return { listen, advertised };
}

const invalid = (where: string, problem: Message): AppError =>
  new AppError('CONFIG_INVALID', { where, problem });
