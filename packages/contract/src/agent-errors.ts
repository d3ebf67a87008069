import { agentAuthorityErrors } from './agent-authority-errors.ts';
import { agentStageErrors } from './agent-stage-errors.ts';
import { defineErrors } from './errors.ts';

/** Why an agent refused a task, or how one ended other than by its own exit code. They travel in outcomes. */
export const agentErrors = defineErrors({
  ...agentStageErrors,
  ...agentAuthorityErrors,
  TASK_SIGNATURE_INVALID: {
    status: 422,
    title: { en: 'The task is not signed by a key this host trusts', zh: '任务未由该主机信任的密钥签名' },
    hint: {
      en: 'Check the trust status of the host: pilothouse agent trust. If keys were rotated, the host may not have moved yet.',
      zh: '请检查主机的信任状态：pilothouse agent trust。若密钥已轮换，该主机可能尚未更新。',
    },
    retry: 'after-change',
  },
  TASK_PLAN_MISMATCH: {
    status: 422,
    title: { en: 'The task is not part of the plan that it names', zh: '任务不属于其声明的计划' },
    hint: {
      en: 'Nothing was run. Somebody or something changed the task on its way: look at the audit trail.',
      zh: '未执行任何操作。任务在传输途中被改动，请查看审计记录。',
    },
    retry: 'never',
  },
  TASK_WRONG_HOST: {
    status: 422,
    title: {
      en: 'The task is for host {target}, not for this one',
      zh: '任务的目标是主机 {target}，而非本机',
    },
    hint: { en: 'Nothing was run. Look at the audit trail.', zh: '未执行任何操作。请查看审计记录。' },
    retry: 'never',
  },
  TASK_OUTSIDE_WINDOW: {
    status: 422,
    title: {
      en: 'The task may run from {notBefore} to {notAfter} only',
      zh: '任务仅可在 {notBefore} 至 {notAfter} 之间运行',
    },
    hint: { en: 'Make a new plan with a later expiry.', zh: '请新建一个有效期更晚的计划。' },
    retry: 'after-change',
  },
  TASK_START_OVERDUE: {
    status: 409,
    title: { en: 'It could not begin before {notAfter}', zh: '未能在 {notAfter} 之前开始' },
    hint: {
      en: 'Other work on the host held it up until its window was over. It is offered again in the next one.',
      zh: '主机上的其他工作使其错过了时间窗口，将在下一个窗口重新下发。',
    },
    retry: 'later',
  },
  TASK_ALREADY_RAN: {
    status: 409,
    title: { en: 'This step has already run on this host', zh: '该步骤已在此主机上运行过' },
    hint: {
      en: 'A step runs once. To run it again, retry the rollout: that makes a new plan.',
      zh: '每个步骤只运行一次。如需再次运行，请重试该发布，系统会创建新计划。',
    },
    retry: 'never',
  },
  TASK_ACTION_UNKNOWN: {
    status: 422,
    title: { en: 'The agent does not offer {action}: {reason}', zh: 'agent 不提供 {action}：{reason}' },
    hint: {
      en: 'Update the agent, or see on the host: pilothouse-agent actions',
      zh: '请升级 agent，或在主机上查看：pilothouse-agent actions',
    },
    retry: 'after-change',
  },
  TASK_ACTION_CHANGED: {
    status: 422,
    title: {
      en: 'The agent knows another version of {action} than the plan',
      zh: 'agent 所知的 {action} 版本与计划不同',
    },
    hint: {
      en: 'Bring agent and server to the same version and make the plan again.',
      zh: '请将 agent 与服务器升级到同一版本后重新制定计划。',
    },
    retry: 'after-change',
  },
  TASK_PARAMETERS_INVALID: {
    status: 422,
    title: {
      en: 'The parameters of {action} are not valid: {problem}',
      zh: '{action} 的参数无效：{problem}',
    },
    hint: { en: 'Correct them in the plan.', zh: '请在计划中更正。' },
    retry: 'after-change',
  },
  TASK_HOST_HELD: {
    status: 423,
    title: { en: 'Somebody put this host on hold', zh: '此主机已被暂停接收任务' },
    hint: { en: 'On the host: pilothouse-agent release', zh: '请在主机上运行：pilothouse-agent release' },
    retry: 'after-change',
  },
  TASK_CLOCK_WRONG: {
    status: 422,
    title: { en: "The host's clock is {skewSeconds} s off", zh: '主机时钟偏差 {skewSeconds} 秒' },
    hint: {
      en: 'Set the clock of the host, for example with chrony, and try again.',
      zh: '请校准主机时钟（例如使用 chrony）后重试。',
    },
    retry: 'after-change',
  },
  TASK_JOURNAL_FULL: {
    status: 507,
    title: { en: "The agent's journal has no room for another task", zh: 'agent 日志没有空间容纳新任务' },
    hint: {
      en: 'Free disk space on the host; if it is not full, the server has not acknowledged earlier tasks.',
      zh: '请清理主机磁盘空间；若磁盘未满，说明服务器尚未确认先前任务。',
    },
    retry: 'later',
  },
  TASK_DISK_FULL: {
    status: 507,
    title: {
      en: 'The host has {freeBytes} bytes left where the agent keeps its files',
      zh: '主机上 agent 文件所在的磁盘仅剩 {freeBytes} 字节',
    },
    hint: {
      en: 'Nothing was run. Free some space on the host and run it again.',
      zh: '未执行任何操作。请在主机上释放空间后重新运行。',
    },
    retry: 'after-change',
  },
  TASK_AGENT_FAULT: {
    status: 500,
    title: {
      en: 'The agent could not carry the task through: {reason}',
      zh: 'agent 无法完成该任务：{reason}',
    },
    hint: {
      en: "The agent's log on the host says more: journalctl -u pilothouse-agent",
      zh: '详见主机上的 agent 日志：journalctl -u pilothouse-agent',
    },
    retry: 'after-change',
  },
  TASK_QUEUE_FULL: {
    status: 429,
    title: { en: 'The host has {waiting} tasks waiting already', zh: '主机已有 {waiting} 个任务在等待' },
    hint: { en: 'Wait until they are done.', zh: '请等待这些任务完成。' },
    retry: 'later',
  },
  TASK_CANCELLED: {
    status: 409,
    title: { en: 'It was cancelled', zh: '任务已取消' },
    hint: { en: 'What it had done until then stays done.', zh: '取消前已执行的操作保持不变。' },
    retry: 'never',
  },
  TASK_OUTCOME_UNKNOWN: {
    status: 500,
    title: {
      en: 'The agent ended while the task ran: nobody knows how far it came',
      zh: '任务运行期间 agent 终止：无法得知其执行进度',
    },
    hint: {
      en: 'Look at the host. It is not run again by itself; pilothouse rollout retry ID --include-unknown does so.',
      zh: '请检查该主机。系统不会自动重跑；可使用 pilothouse rollout retry ID --include-unknown 重试。',
    },
    retry: 'after-change',
  },
  TASK_ACTION_CRASHED: {
    status: 500,
    title: { en: '{action} broke with an error of its own', zh: '{action} 因自身错误而中断' },
    hint: {
      en: "The agent's log on the host says more: journalctl -u pilothouse-agent",
      zh: '详见主机上的 agent 日志：journalctl -u pilothouse-agent',
    },
    retry: 'after-change',
  },
});
