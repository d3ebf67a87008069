import { defineErrors, type ErrorSpec } from '../errors.ts';

const cause = (en: string, zh: string, hint?: { en: string; zh: string }): ErrorSpec => ({
  status: 409,
  title: { en, zh },
  hint: hint ?? { en: 'Nothing needs to be done.', zh: '无需处理。' },
  retry: 'after-change',
});

const retryHint = {
  en: 'Run it again on these hosts with: pilothouse rollout retry ID',
  zh: '可在这些主机上重试：pilothouse rollout retry ID',
};
const unknownHint = {
  en: 'Look at the host before running it again: it may have been carried out.',
  zh: '请先检查主机再重试：操作可能已经执行。',
};

/** Why a rollout or a task is in its state, and what a rollout waits for: codes that records carry, for readers. */
export const rolloutCauseErrors = defineErrors({
  ROLLOUT_CREATED: cause('Created', '已创建'),
  ROLLOUT_STARTED: cause('Started', '已开始'),
  ROLLOUT_PAUSED: cause('Paused by a person: {reason}', '已被人工暂停：{reason}', {
    en: 'Go on with: pilothouse rollout resume ID',
    zh: '可继续：pilothouse rollout resume ID',
  }),
  ROLLOUT_RESUMED: cause('Resumed by a person', '已被人工恢复'),
  ROLLOUT_CANCELLED: cause('Cancelled by a person', '已被人工取消'),
  ROLLOUT_FAILURE_LIMIT: cause(
    'Halted: {failures} {failures:failure|failures}, {failuresMax} allowed',
    '已中止：失败 {failures} 台，允许 {failuresMax} 台',
    {
      en: 'Read the results, mend the cause, then: pilothouse rollout retry ID',
      zh: '查看结果、排除原因后：pilothouse rollout retry ID',
    },
  ),
  ROLLOUT_EXPIRED: cause(
    'Expired with {pending} {pending:task|tasks} not started',
    '已过期，{pending} 个任务未开始',
    {
      en: 'Run the rest with: pilothouse rollout retry ID',
      zh: '可执行剩余部分：pilothouse rollout retry ID',
    },
  ),
  ROLLOUT_HAD_FAILURES: cause(
    'Ended with {failed} failed and {unknown} unknown',
    '已结束：失败 {failed}，未知 {unknown}',
    {
      en: 'Read the results, mend the cause, then: pilothouse rollout retry ID',
      zh: '查看结果、排除原因后：pilothouse rollout retry ID',
    },
  ),
  ROLLOUT_NOTHING_RAN: cause(
    'Ended without running anywhere: {skipped} skipped, {cancelled} cancelled',
    '未在任何主机上执行：跳过 {skipped}，取消 {cancelled}',
    {
      en: 'See why for each host: pilothouse rollout tasks ID',
      zh: '查看各主机的原因：pilothouse rollout tasks ID',
    },
  ),
  ROLLOUT_DONE: cause('Done on {succeeded} {succeeded:host|hosts}', '已在 {succeeded} 台主机上完成'),
  WAITS_FOR_TIME: cause('Waits for its start time', '等待开始时间'),
  WAITS_FOR_RESUME: cause('Paused: waits to be resumed', '已暂停：等待恢复', {
    en: 'Go on with: pilothouse rollout resume ID',
    zh: '可继续：pilothouse rollout resume ID',
  }),
  WAITS_FOR_RUNNING: cause('Waits for {tasks} {tasks:task|tasks} on hosts', '等待主机上的 {tasks} 个任务'),
  WAITS_FOR_FAILURE_THROTTLE: cause(
    'Held to {allowed} at a time, so that failures stay within the limit',
    '同时最多 {allowed} 个任务，以免失败数超限',
  ),
  WAITS_FOR_IN_FLIGHT: cause(
    'At its limit of {allowed} {allowed:task|tasks} in flight',
    '已达到同时 {allowed} 个任务的上限',
  ),
  WAITS_FOR_STOP_CLEARED: cause(
    'An emergency stop covers {hosts} {hosts:host|hosts}',
    '{hosts} 台主机处于紧急停止中',
    {
      en: 'Clear it with: pilothouse stop clear',
      zh: '可解除：pilothouse stop clear',
    },
  ),
  WAITS_FOR_HOST_LOCK: cause(
    '{hosts} {hosts:host is|hosts are} busy with other rollouts',
    '{hosts} 台主机正被其他发布占用',
  ),
  WAITS_FOR_SETTLING: cause(
    '{hosts} {hosts:host has|hosts have} just lost the connection, or the server has just started: they may be on the way back',
    '{hosts} 台主机刚刚断开连接，或服务器刚启动：可能正在重新连接',
    {
      en: 'They have 30 seconds, and more while others still come back; then those that are not there count as offline.',
      zh: '等待 30 秒；只要仍有其他主机陆续重新连接，就再多等一会儿；之后仍未连接的主机视为离线。',
    },
  ),
  WAITS_FOR_HOSTS: cause('{hosts} {hosts:host is|hosts are} offline', '{hosts} 台主机离线', {
    en: 'It goes on when they are back, and ends without them when the plan expires.',
    zh: '主机恢复后继续；计划过期时不再等待。',
  }),
  WAITS_FOR_WAVE: cause('Its wave has not begun', '所在批次尚未开始'),
  WAITS_FOR_OUTCOME: cause('On the host: no outcome yet', '已下发到主机，尚无结果'),
  WAITS_FOR_WITHDRAWAL: cause('Asked back: the host has not answered yet', '已请求撤回，主机尚未答复'),
  WAITS_FOR_SERVER: cause('The server is about to go on', '服务器即将继续'),
  TASK_HOST_OFFLINE: cause(
    'The host was offline when its turn came',
    '轮到该主机时它处于离线状态',
    retryHint,
  ),
  TASK_HOST_QUARANTINED: cause('The host is quarantined', '主机已被隔离', {
    en: 'Find out which copy of it is the real one, then: pilothouse host release NAME',
    zh: '请确认哪一台是真实主机，然后：pilothouse host release NAME',
  }),
  TASK_HOST_IN_MAINTENANCE: cause('The host is in maintenance', '主机处于维护中', {
    en: 'End it with: pilothouse host maintenance HOST --end, then: pilothouse rollout retry ID',
    zh: '请先结束维护：pilothouse host maintenance 主机 --end，再执行：pilothouse rollout retry 标识',
  }),
  TASK_HOST_PENDING: cause('The host waits to be accepted', '主机等待批准', {
    en: 'Accept or refuse it: pilothouse enrol pending',
    zh: '请接受或拒绝：pilothouse enrol pending',
  }),
  TASK_HOST_GONE: cause('The host was decommissioned', '主机已退役'),
  TASK_HOST_ON_HOLD: cause(
    'The host refuses all tasks: agent hold was set on it',
    '主机设置了 agent hold，拒绝所有任务',
    {
      en: 'End it on the host with: pilothouse-agent release',
      zh: '可在主机上解除：pilothouse-agent release',
    },
  ),
  TASK_NO_LONGER_MATCHES: cause('The host no longer matches the target', '主机不再匹配目标', {
    en: 'Labels or facts changed since the plan was made. Make a new plan if it is meant.',
    zh: '计划制定后标签或事实已变化。如确需执行，请重新制定计划。',
  }),
  TASK_ACTION_LACKING: cause('The agent lacks {action}: {reason}', 'agent 不提供 {action}：{reason}', {
    en: 'Update the agent, or see: pilothouse-agent actions',
    zh: '请升级 agent，或查看：pilothouse-agent actions',
  }),
  TASK_STOPPED: cause('Ended by an emergency stop', '被紧急停止终止', retryHint),
  TASK_ROLLOUT_HALTED: cause('Not started: the rollout halted', '未开始：发布已中止', retryHint),
  TASK_ROLLOUT_EXPIRED: cause('Not started before the plan expired', '计划过期前未开始', retryHint),
  TASK_ROLLOUT_CANCELLED: cause('Cancelled with the rollout', '随发布一并取消', retryHint),
  TASK_NO_OUTCOME: cause('No outcome came in time', '未及时收到结果', unknownHint),
  TASK_INTERRUPTED: cause('The agent was interrupted while it ran', '执行期间 agent 中断', unknownHint),
  TASK_LOST_BY_AGENT: cause('The agent no longer knows the task', 'agent 不再知晓该任务', unknownHint),
  TASK_TIMED_OUT: cause('It ran longer than its time limit and was ended', '超过时限，已被终止', retryHint),
  TASK_REFUSED: cause('The agent refused it', 'agent 拒绝执行', retryHint),
  TASK_CANCELLED_ON_HOST: cause('Somebody ended it on the host', '在主机上被人终止', retryHint),
});
