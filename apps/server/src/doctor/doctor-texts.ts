import { type DoctorText, doctorText as text } from '@pilothouse/contract';

/** What `doctor` says, and what to do about it. */
export const doctorTexts = {
  runtime: text('Version {version} on Node {node}, {os}', '版本 {version}，Node {node}，{os}'),
  dataDirectory: text(
    'Data directory {path} is writable, {freeGib} GiB free',
    '数据目录 {path} 可写，剩余 {freeGib} GiB',
  ),
  dataDirectoryMissing: text('There is no data directory {path} yet', '数据目录 {path} 尚不存在', [
    'The first start makes it. If this server has run before, name its directory: --data',
    '首次启动时会创建。若服务器曾经运行过，请用 --data 指定其目录',
  ]),
  dataDirectoryUnwritable: text(
    'Data directory {path} cannot be written: {reason}',
    '无法写入数据目录 {path}：{reason}',
    [
      'Run doctor as the user who runs the server; then make the directory writable for that user',
      '请以运行服务器的用户执行 doctor，并为其授予写权限',
    ],
  ),
  diskLow: text('Only {freeGib} GiB are free at {path}', '{path} 仅剩 {freeGib} GiB', [
    'Free space or enlarge the file system: without space nothing can be acknowledged',
    '请清理或扩容：空间不足时无法确认任何结果',
  ]),
  keys: text('Keys are readable by their owner alone', '密钥仅属主可读'),
  keysOpen: text('{path} is open to others (mode {mode})', '{path} 对他人开放（权限 {mode}）', [
    'Close it: chmod go= {path}. If others could read keys, rotate them: pilothouse agent trust rotate',
    '请关闭：chmod go= {path}。若密钥可能已被读取，请轮换：pilothouse agent trust rotate',
  ]),
  store: text('The store at {place} is whole and of this version', '存储 {place} 完整且与本版本一致'),
  storeUnchecked: text(
    'The store file is {sizeMib} MiB; it was not read through',
    '存储文件 {sizeMib} MiB，未做完整检查',
    [
      'To read all of it: pilothouse-server store backup --to FILE',
      '完整读取：pilothouse-server store backup --to FILE',
    ],
  ),
  storeBehind: text(
    'The next start brings the store forward by {count} {count:change|changes}',
    '下次启动将对存储应用 {count} 项变更',
    [
      'Take a backup first: pilothouse-server store backup --to FILE',
      '请先备份：pilothouse-server store backup --to FILE',
    ],
  ),
  storeFailed: text('The store cannot be used ({code}): {text}', '无法使用存储（{code}）：{text}', [
    '{hint}',
    '{hint}',
  ]),
  listening: text('{what} answers on port {port}', '{what} 在端口 {port} 上应答'),
  notListening: text('Nothing answers on port {port} ({what})', '端口 {port}（{what}）无应答', [
    'Start the server. If it runs, look whether a firewall or another address is in between',
    '请启动服务器。若已运行，请检查防火墙或监听地址',
  ]),
  foreignListener: text(
    'Port {port} ({what}) is taken by another program',
    '端口 {port}（{what}）被其他程序占用',
    ['Find it with: ss -ltnp; stop it, or choose another port', '用 ss -ltnp 查找；停止它或更换端口'],
  ),
  certificate: text(
    'The certificate on port {port} is good for {days} more days',
    '端口 {port} 的证书还有 {days} 天有效',
  ),
  certificateEnds: text(
    'The certificate on port {port} ends in {days} days',
    '端口 {port} 的证书将在 {days} 天后到期',
    [
      'The server renews it by itself while it runs; restart it, then look at its log',
      '服务器运行时会自动续期；请重启并查看日志',
    ],
  ),
  clock: text('The clock is kept by a time service', '时钟由时间服务同步'),
  clockFree: text('The clock is not kept by a time service', '时钟未由时间服务同步', [
    'Hosts more than 5 minutes off refuse tasks. Enable one: timedatectl set-ntp true',
    '偏差超过 5 分钟的主机会拒绝任务。请启用：timedatectl set-ntp true',
  ]),
  clockUnknown: text('Nobody here can tell whether the clock is kept', '无法判断时钟是否同步'),
  descriptors: text(
    '{limit} open files are allowed, enough for {hosts} hosts',
    '允许打开 {limit} 个文件，可支持 {hosts} 台主机',
  ),
  descriptorsFew: text(
    'Only {limit} open files are allowed: at most {hosts} hosts',
    '仅允许打开 {limit} 个文件：最多 {hosts} 台主机',
    [
      'Raise it where the server starts: LimitNOFILE=65536 in its unit, or ulimit -n',
      '请在启动处提高：unit 中 LimitNOFILE=65536，或 ulimit -n',
    ],
  ),
  processesOne: text('One server process', '单个服务器进程'),
  processes: text(
    '{processes} server processes, and one of them leads',
    '{processes} 个服务器进程，其中一个为主控',
  ),
  processesIdle: text(
    '{processes} server processes are set, and none runs',
    '已设置 {processes} 个服务器进程，均未运行',
  ),
  processesSet: text('{processes} server processes on this machine', '本机设置了 {processes} 个服务器进程'),
  processesMany: text(
    '{processes} server processes on {processors} {processors:processor|processors}',
    '{processors} 个处理器上有 {processes} 个服务器进程',
    [
      'More than one for each processor and one that leads only cost memory: set processes to fewer',
      '超过“每处理器一个再加一个主控”只会多占内存：请减小 processes',
    ],
  ),
  processesNoLeader: text(
    'None of {processes} server processes leads',
    '{processes} 个服务器进程中没有主控',
    [
      'Another leads within ten seconds; if not: journalctl -u pilothouse-server, then systemctl restart pilothouse-server',
      '十秒内会有其他进程接管；否则请查看 journalctl -u pilothouse-server，再执行 systemctl restart pilothouse-server',
    ],
  ),
  processesPath: text(
    '{path} is too long for the socket by which server processes meet: {bytes} of {limit} bytes',
    '{path} 过长，无法作为服务器进程间的套接字：{bytes} 字节，上限 {limit}',
    ['Take a data directory with a shorter path', '请使用路径更短的数据目录'],
  ),
  machinesLeadsHere: text('This machine leads (term {term})', '本机为主控（任期 {term}）'),
  machinesLed: text(
    '{address} leads (term {term}), and this machine reaches it',
    '主控为 {address}（任期 {term}），本机可以访问',
  ),
  machinesLedHere: text(
    'This machine led last (term {term}), and nothing leads here now',
    '上一个主控为本机（任期 {term}），目前没有主控在运行',
    [
      'Start the server; while it runs, another machine leads within ten seconds',
      '请启动服务器；若其他机器在运行，十秒内会接管',
    ],
  ),
  machinesNobodyLed: text('No machine has led yet', '尚无机器成为主控', [
    'Start the server: the first one leads',
    '请启动服务器：首个启动的机器将成为主控',
  ]),
  machinesLeaderAway: text(
    '{address} leads (term {term}), and this machine does not reach it',
    '主控为 {address}（任期 {term}），但本机无法访问',
    [
      'Let the machines reach each other at peer-listen: look at firewalls, and at peer-advertise of that machine',
      '请允许各机器互相访问 peer-listen：检查防火墙及该机器的 peer-advertise',
    ],
  ),
  machinesFailed: text('Who leads cannot be found out ({code}): {text}', '无法得知主控（{code}）：{text}', [
    '{hint}',
    '{hint}',
  ]),
} satisfies Record<string, DoctorText>;
