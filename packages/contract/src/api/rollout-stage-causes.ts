import { defineErrors, type ErrorSpec } from '../errors.ts';

const cause = (en: string, zh: string, hint?: { en: string; zh: string }): ErrorSpec => ({
  status: 409,
  title: { en, zh },
  hint: hint ?? { en: 'Nothing needs to be done.', zh: '无需处理。' },
  retry: 'after-change',
});

const explainHint = {
  en: 'See rule, hosts and evidence: pilothouse rollout explain ID',
  zh: '查看规则、主机与证据：pilothouse rollout explain 标识',
};
const holdsHint = {
  en: 'It goes on by itself once that can be judged; or cancel: pilothouse rollout cancel ID',
  zh: '可判定后自动继续；也可取消：pilothouse rollout cancel 标识',
};

/** What happens before and between the waves of a rollout, and after it was halted: codes that records carry, for readers. */
export const rolloutStageErrors = defineErrors({
  ROLLOUT_WAVE_FAILURE_LIMIT: cause(
    'Halted in wave {wave} ({waveName}): {failures} {failures:failure|failures}, {failuresMax} allowed in it',
    '已在第 {wave} 批次（{waveName}）中止：失败 {failures} 台，该批次允许 {failuresMax} 台',
    explainHint,
  ),
  ROLLOUT_GATE_FAILED: cause(
    'Halted after wave {wave} by gate "{gate}": {rule}',
    '第 {wave} 批次之后被关卡“{gate}”中止：{rule}',
    explainHint,
  ),
  ROLLOUT_CANARY_UNTRIED: cause(
    'Halted after wave {wave} ({waveName}): no host in it is known to have run it, so nothing shows that others may follow',
    '第 {wave} 批次（{waveName}）之后中止：该批次没有一台主机确认已执行，无从判断其余主机能否继续',
    {
      en: 'See why for each host: pilothouse rollout tasks ID; then choose canaries anew: pilothouse rollout retry ID',
      zh: '查看各主机的原因：pilothouse rollout tasks 标识；然后重新选择金丝雀主机：pilothouse rollout retry 标识',
    },
  ),
  ROLLOUT_EXPIRED_AT_GATE: cause(
    'Expired before gate "{gate}" after wave {wave} was passed',
    '第 {wave} 批次之后的关卡“{gate}”通过前已过期',
    explainHint,
  ),
  ROLLOUT_APPROVAL_LACKING: cause(
    'An approval was taken back: {given} of {required} are there',
    '批准已撤回：现有 {given} 个，需要 {required} 个',
    { en: 'Approve the plan: pilothouse approve PLAN', zh: '批准计划：pilothouse approve 计划' },
  ),
  ROLLOUT_APPROVED: cause('Approved', '已获批准'),
  ROLLOUT_ROLLED_BACK: cause('Halted, and undone by {rolloutId}', '已中止，并由 {rolloutId} 撤销'),
  ROLLOUT_ROLLBACK_FAILED: cause('Halted, and not fully undone: {why}', '已中止，但未能完全撤销：{why}', {
    en: 'See what is left: pilothouse rollout tasks ID, with the id of the rollout that undoes; then mend these hosts by hand.',
    zh: '查看剩余主机：pilothouse rollout tasks 标识（撤销发布的标识），然后人工修复。',
  }),
  ROLLOUT_GATE_NOT_NOW: cause(
    'The rollout does not wait for a person at gate "{gate}"',
    '该发布当前并未在关卡“{gate}”等待人工确认',
    {
      en: 'See what it waits for: pilothouse rollout {rolloutId}',
      zh: '查看其等待原因：pilothouse rollout {rolloutId}',
    },
  ),
  WAITS_FOR_APPROVAL: cause(
    'Waits for approval: {given} of {required} {required:person has|people have} approved',
    '等待批准：需要 {required} 人，已有 {given} 人批准',
    { en: 'Approve the plan: pilothouse approve PLAN', zh: '批准计划：pilothouse approve 计划' },
  ),
  WAITS_FOR_ROLLBACK: cause('Halted: what it touched is being undone', '已中止：正在撤销其更改', {
    en: 'Follow it: pilothouse rollout watch{ rolloutId}',
    zh: '跟踪进度：pilothouse rollout watch{ rolloutId}',
  }),
  WAITS_FOR_BUDGET: cause(
    '{hosts} {hosts:host waits|hosts wait} for budget "{name}"{ domain}: {down} {down:is|are} down, {allowed} may be',
    '{hosts} 台主机等待预算“{name}”{ domain}：已有 {down} 台不可用，上限 {allowed} 台',
    {
      en: 'It goes on when hosts are back. See who is down, and since when: pilothouse budget',
      zh: '主机恢复后自动继续。查看占用者与时长：pilothouse budget',
    },
  ),
  WAITS_FOR_WINDOW: cause(
    '{hosts} {hosts:host waits|hosts wait}: closed by {closedBy} "{name}", until {until}',
    '{hosts} 台主机等待中：因“{name}”（{closedBy}）关闭，至 {until}',
    { en: 'See windows and freezes: pilothouse window', zh: '查看窗口与冻结：pilothouse window' },
  ),
  WAITS_FOR_LONGER_WINDOW: cause(
    '{hosts} {hosts:host waits|hosts wait}: the window closes at {until}, too soon for what may have to wait on the host',
    '{hosts} 台主机等待中：窗口将于 {until} 关闭，而任务可能需要在主机上等待',
    {
      en: 'It goes on in the next window. Newer agents are held to its end; older ones need 15 minutes that are left of it.',
      zh: '将在下一个窗口继续。新版 agent 可保证在窗口结束前开始，旧版 agent 要求窗口至少剩余 15 分钟。',
    },
  ),
  WAITS_FOR_LABEL_LIMIT: cause(
    '{hosts} {hosts:host waits|hosts wait} for others with label value "{value}"',
    '{hosts} 台主机等待标签值同为“{value}”的其他主机',
  ),
  WAITS_FOR_CONFIRMATION: cause(
    'Gate "{gate}" after wave {wave} waits for a person: {text}',
    '第 {wave} 批次之后的关卡“{gate}”等待人工确认：{text}',
    {
      en: 'Go on with: pilothouse rollout confirm ID --gate "{gate}"',
      zh: '确认继续：pilothouse rollout confirm 标识 --gate "{gate}"',
    },
  ),
  WAITS_FOR_PAUSE_BETWEEN_WAVES: cause(
    'Gate "{gate}" after wave {wave} lets time pass, until {until}',
    '第 {wave} 批次之后的关卡“{gate}”等待至 {until}',
  ),
  WAITS_FOR_GATE: cause(
    'Gate "{gate}" after wave {wave} cannot be judged now',
    '第 {wave} 批次之后的关卡“{gate}”目前无法判定',
    holdsHint,
  ),
  WAITS_FOR_SOAK: cause(
    'Gate "{gate}" after wave {wave} has held for {soakedSeconds} of {soakSeconds} seconds',
    '第 {wave} 批次之后的关卡“{gate}”已保持 {soakedSeconds} 秒，需要 {soakSeconds} 秒',
  ),
  TASK_AGENT_TOO_OLD: cause(
    'The agent is too old for this plan: it lacks {capability}',
    'agent 版本过旧，不支持此计划：缺少 {capability}',
    {
      en: 'Update the agent, then: pilothouse rollout retry ID',
      zh: '升级 agent 后：pilothouse rollout retry 标识',
    },
  ),
  GATE_NOT_ANSWERED: cause(
    'Nobody answered for gate "{gate}" in time',
    '关卡“{gate}”未在时限内得到判定',
    holdsHint,
  ),
  GATE_NOT_JUDGED: cause('Gate "{gate}" was not judged: {cause}', '关卡“{gate}”未能判定：{cause}', {
    en: 'See the log of the server.',
    zh: '请查看服务器日志。',
  }),
  GATE_HOSTS_SETTLING: cause(
    'Gate "{gate}": {hosts} {hosts:host|hosts} may be on the way back, after a short break or a start of the server',
    '关卡“{gate}”：{hosts} 台主机在短暂断线或服务器启动后，可能正在重新连接',
    holdsHint,
  ),
  GATE_PROBES_FAILING: cause(
    'Probes fail on {failing} {failing:host|hosts}, {silent} {silent:does|do} not answer, {failingMax} may: {hosts}',
    '{failing} 台主机探测失败，{silent} 台无应答，允许 {failingMax} 台：{hosts}',
    explainHint,
  ),
});
