import { type DoctorText, doctorText as text } from '@pilothouse/contract';

const AGAIN_EN = 'enrol it anew: pilothouse-agent enrol --again --token pht1.…';
const AGAIN_ZH = '重新注册：pilothouse-agent enrol --again --token pht1.…';

const identityTexts = {
  notEnrolled: text(
    'This host is not enrolled: {path} holds no identity',
    '本机尚未注册：{path} 中没有身份',
    [
      'Enrol it: pilothouse-agent enrol --token pht1.…. If it was enrolled before, name its directory: --data',
      '请注册：pilothouse-agent enrol --token pht1.…。若曾注册过，请用 --data 指定其目录',
    ],
  ),
  stateDamaged: text('The file {path} is damaged', '文件 {path} 已损坏', [
    `Restore it from a backup of this host, or ${AGAIN_EN}`,
    `请从本机备份恢复该文件，或${AGAIN_ZH}`,
  ]),
  identity: text(
    'This host is {hostId}, and its key fits its certificate',
    '本机为 {hostId}，密钥与证书匹配',
  ),
  keyMismatch: text(
    'The key in identity.json is not that of the certificate',
    'identity.json 中的密钥与证书不匹配',
    [`Restore the whole file, or ${AGAIN_EN}`, `请恢复整个文件，或${AGAIN_ZH}`],
  ),
  certificate: text(
    'The certificate is good until {until} ({days} more days)',
    '证书有效期至 {until}（还有 {days} 天）',
  ),
  certificateEarly: text('The certificate begins only at {from}', '证书自 {from} 起才生效', [
    'The clock of this host is behind. Set it: timedatectl set-ntp true',
    '本机时钟过慢，请校准：timedatectl set-ntp true',
  ]),
  certificateEnds: text(
    'The certificate ends at {until}, in {days} days, and should have been renewed',
    '证书将于 {until}（{days} 天后）到期，本应已续期',
    [
      'A running agent renews it by itself as soon as it reaches the server: look at journalctl -u pilothouse-agent',
      '运行中的 agent 连上服务器后会自动续期：请查看 journalctl -u pilothouse-agent',
    ],
  ),
  certificateOver: text('The certificate ended at {until}', '证书已于 {until} 到期', [
    `If the clock is right, start the agent: it renews an expired certificate first. If the server refuses that, ${AGAIN_EN}`,
    `若时钟正确，请启动 agent：它会先续期。若服务器拒绝，请${AGAIN_ZH}`,
  ]),
  certificateForeign: text(
    'No authority of trust version {version} issued this certificate',
    '信任版本 {version} 中没有签发该证书的机构',
    [
      'identity.json and trust.json are of two servers or two times. Restore both from one backup, or enrol anew with --again',
      'identity.json 与 trust.json 来自不同服务器或不同时间。请从同一备份恢复两者，或用 --again 重新注册',
    ],
  ),
  trust: text(
    'It trusts {authorities} {authorities:authority|authorities} and {keys} {keys:key|keys} for tasks (version {version})',
    '信任 {authorities} 个机构和 {keys} 把任务密钥（版本 {version}）',
  ),
  trustBehind: text(
    'The server has {count} newer trust {count:version|versions} than {version}',
    '服务器有比 {version} 更新的 {count} 个信任版本',
    [
      'A running agent takes them by itself at its next session; if they stay, restart it and look at its log',
      '运行中的 agent 会在下次会话时自动采用；若一直存在，请重启并查看日志',
    ],
  ),
} satisfies Record<string, DoctorText>;

const serverTexts = {
  server: text(
    '{url} answers in {tookMs} ms with a certificate of our authority',
    '{url} 在 {tookMs} 毫秒内应答，证书由我们的机构签发',
  ),
  serverUnreachable: text('{url} cannot be reached: {reason}', '无法连接 {url}：{reason}', [
    'Check address, port, firewall and proxy (HTTPS_PROXY). If the server has moved: pilothouse-agent run --server https://NEW:7444',
    '请检查地址、端口、防火墙和代理（HTTPS_PROXY）。若服务器已迁移：pilothouse-agent run --server https://NEW:7444',
  ]),
  serverName: text('The certificate at {url} is for another name', '{url} 的证书属于其他名称', [
    'Start the server with this name: pilothouse-server --advertise NAME; or use the name its certificate has: --server',
    '请以该名称启动服务器：pilothouse-server --advertise NAME；或用 --server 使用证书中的名称',
  ]),
  serverCertificateTime: text(
    'The certificate at {url} is not good at this time ({reason})',
    '{url} 的证书此刻无效（{reason}）',
    [
      'Set the clock of this host right first: timedatectl. If it is right, run pilothouse-server doctor on the server',
      '请先校准本机时钟：timedatectl。若时钟正确，请在服务器上运行 pilothouse-server doctor',
    ],
  ),
  serverForeign: text(
    'The certificate at {url} is from nobody this host trusts ({reason})',
    '{url} 的证书不是本机信任的机构签发（{reason}）',
    [
      'Another server, or a proxy that opens TLS. After a rotation a running agent fetches the new trust by itself: start it',
      '可能是另一台服务器，或拦截 TLS 的代理。轮换之后运行中的 agent 会自动获取新的信任：请启动它',
    ],
  ),
  serverStrange: text(
    '{url} does not answer as a gateway does (HTTP {status})',
    '{url} 的应答不像网关（HTTP {status}）',
    [
      'The port may be that of the API: agents use the gateway, 7444 unless configured',
      '该端口可能是 API 端口：agent 使用网关端口，默认 7444',
    ],
  ),
  clock: text('The clocks of server and host are {seconds} s apart', '服务器与本机时钟相差 {seconds} 秒'),
  clockDrifts: text('The clock is {seconds} s {way} the server’s', '本机时钟比服务器{way} {seconds} 秒', [
    'More than 5 minutes off, this host refuses tasks. Have it kept: timedatectl set-ntp true',
    '偏差超过 5 分钟时本机会拒绝任务。请启用时间同步：timedatectl set-ntp true',
  ]),
  clockOff: text(
    'The clock is {seconds} s {way} the server’s: every task is refused',
    '本机时钟比服务器{way} {seconds} 秒：所有任务都会被拒绝',
    [
      'Set it: timedatectl set-ntp true. If this host is right, it is the server that is wrong',
      '请校准：timedatectl set-ntp true。若本机正确，则是服务器时钟有误',
    ],
  ),
} satisfies Record<string, DoctorText>;

const directoryTexts = {
  directory: text(
    'Data directory {path} is writable, {mib} MiB free',
    '数据目录 {path} 可写，剩余 {mib} MiB',
  ),
  directoryMissing: text('There is no data directory {path}', '没有数据目录 {path}', [
    'Enrolling makes it. If this host was enrolled before, name its directory: --data',
    '注册时会创建。若本机曾注册过，请用 --data 指定其目录',
  ]),
  directoryForeign: text(
    'Data directory {path} belongs to user {owner}, and this is user {uid}',
    '数据目录 {path} 属于用户 {owner}，当前用户为 {uid}',
    [
      'Run doctor as the user who runs the agent, usually root: sudo pilothouse-agent doctor',
      '请以运行 agent 的用户（通常为 root）执行：sudo pilothouse-agent doctor',
    ],
  ),
  directoryUnwritable: text(
    'Data directory {path} cannot be written: {reason}',
    '无法写入数据目录 {path}：{reason}',
    [
      'EROFS: the file system is mounted read-only; look at dmesg. Otherwise: chmod u=rwx {path}',
      'EROFS：文件系统只读，请查看 dmesg。否则：chmod u=rwx {path}',
    ],
  ),
  directoryOpen: text('{path} is open to others (mode {mode})', '{path} 对他人开放（权限 {mode}）', [
    `Close it: chmod go= {path}. If others could read the key, ${AGAIN_EN}`,
    `请关闭：chmod go= {path}。若密钥可能已被读取，请${AGAIN_ZH}`,
  ]),
  diskLow: text('Only {mib} MiB are free at {path}', '{path} 仅剩 {mib} MiB', [
    'Free space: below 16 MiB no task begins',
    '请清理：低于 16 MiB 时不会开始任何任务',
  ]),
  diskFull: text(
    'Only {mib} MiB are free at {path}: no task begins',
    '{path} 仅剩 {mib} MiB：不会开始任何任务',
    ['Free space; tasks begin again by themselves', '请清理空间；之后任务会自动恢复'],
  ),
  diskUse: text('{path} takes {mib} MiB', '{path} 占用 {mib} MiB'),
  journal: text(
    'The journal is whole: {open} open {open:task|tasks}, {waiting} not yet acknowledged, {ledger} {ledger:step|steps} remembered',
    '日志完整：{open} 个任务进行中，{waiting} 个待确认，记得 {ledger} 个步骤',
  ),
  journalTorn: text('The last record of the journal was cut off', '日志的最后一条记录不完整', [
    'A power cut does this, and nothing is lost that was acknowledged. Look for tasks that are unknown on this host',
    '断电会导致此情况，已确认的内容不会丢失。请查看本机状态未知的任务',
  ]),
  journalDamaged: text(
    'The journal {path} is damaged: {count} records behind the first bad one are not read',
    '日志 {path} 已损坏：损坏处之后的 {count} 条记录未读取',
    [
      'Check the disk (dmesg). What ran on this host since cannot be known here: compare with pilothouse host NAME before you retry',
      '请检查磁盘（dmesg）。此后执行过什么在本机已无从得知：重试前请与 pilothouse host NAME 比对',
    ],
  ),
  journalUnreadable: text('The journal {path} cannot be read: {reason}', '无法读取日志 {path}：{reason}', [
    'The agent cannot start like this. Check owner and disk (dmesg)',
    'agent 无法这样启动。请检查属主和磁盘（dmesg）',
  ]),
  undo: text(
    'Undo records of {plans} {plans:plan|plans} take {mib} of {mibMax} MiB',
    '{plans} 个计划的撤销记录占用 {mib}/{mibMax} MiB',
  ),
  undoFull: text(
    'Undo records of {plans} {plans:plan|plans} take {mib} of {mibMax} MiB',
    '{plans} 个计划的撤销记录占用 {mib}/{mibMax} MiB',
    [
      'The oldest of expired plans are dropped by themselves; if all are open, changes that must be undoable are refused',
      '已过期计划中最旧的会自动删除；若全部仍有效，需可撤销的变更会被拒绝',
    ],
  ),
  undoDamaged: text('The undo records of plan {plan} are damaged', '计划 {plan} 的撤销记录已损坏', [
    'It cannot be undone on this host by itself. Check the disk (dmesg); the file is in {path}',
    '该计划无法在本机自动撤销。请检查磁盘（dmesg）；文件位于 {path}',
  ]),
} satisfies Record<string, DoctorText>;

const surroundingsTexts = {
  runtime: text('Version {version} on Node {node}, {os}', '版本 {version}，Node {node}，{os}'),
  root: text('It runs as root', '以 root 运行'),
  notRoot: text('This is user {uid}, not root', '当前用户为 {uid}，不是 root', [
    'Without root some facts and actions are missing: pilothouse-agent actions says which',
    '没有 root 会缺少部分事实和操作：pilothouse-agent actions 会列出',
  ]),
  scopes: text(
    'Programs of tasks get systemd scopes of their own',
    '任务的程序在独立的 systemd scope 中运行',
  ),
  scopesMissing: text(
    'There is no systemd here: programs of tasks end with the agent',
    '没有 systemd：任务的程序会随 agent 结束',
    [
      'Nothing to do, but update the agent when no task runs: what runs then becomes unknown',
      '无需处理，但请在没有任务时更新 agent：正在运行的任务会变为未知',
    ],
  ),
  policyNone: text('No trust policy: the key of the server is enough', '没有信任策略：服务器密钥即可生效'),
  policy: text('The trust policy {path} can be used (mode {mode})', '信任策略 {path} 可用（模式 {mode}）'),
  policyDamaged: text(
    'The trust policy {path} cannot be used: {problem}',
    '信任策略 {path} 无法使用：{problem}',
    [
      'Every task is refused until it is corrected: pilothouse-agent policy check',
      '更正之前会拒绝一切任务：pilothouse-agent policy check',
    ],
  ),
  held: text('This host refuses all tasks: {reason}', '本机拒绝所有任务：{reason}', [
    'When the work is done: pilothouse-agent release',
    '工作完成后：pilothouse-agent release',
  ]),
  agentStopped: text('No agent runs on this directory', '没有 agent 在使用该目录', [
    'Start it: systemctl enable --now pilothouse-agent',
    '请启动：systemctl enable --now pilothouse-agent',
  ]),
  connected: text(
    'An agent runs (process {pid}) and is connected to {url} since {since}',
    'agent 运行中（进程 {pid}），自 {since} 起已连接 {url}',
  ),
  disconnected: text(
    'An agent runs, but is not connected since {since}',
    'agent 运行中，但自 {since} 起未连接',
    [
      'See above whether the server can be reached; then look at journalctl -u pilothouse-agent',
      '请先看上文服务器能否连接；再查看 journalctl -u pilothouse-agent',
    ],
  ),
} satisfies Record<string, DoctorText>;

/** What `pilothouse-agent doctor` says, and what to do about it. */
export const doctorTexts = {
  ...surroundingsTexts,
  ...identityTexts,
  ...serverTexts,
  ...directoryTexts,
} satisfies Record<string, DoctorText>;
