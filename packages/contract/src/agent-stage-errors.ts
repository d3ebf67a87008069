import { defineErrors } from './errors.ts';

/** What may be wrong with probes, undo records and actions with stages. They travel in outcomes. */
export const agentStageErrors = defineErrors({
  TASK_PROBE_FAILING_BEFORE: {
    status: 422,
    title: {
      en: 'The host was not well before the task: probe {probe} says {evidence}',
      zh: '任务开始前主机状态已不正常：探测 {probe} 返回 {evidence}',
    },
    hint: {
      en: 'Nothing was run, and the host does not count as failed. Mend it, then run the rollout for it again.',
      zh: '未执行任何操作，该主机不计为失败。请先修复该主机，再对其重新运行发布。',
    },
    retry: 'after-change',
  },
  TASK_PROBE_FAILING_AFTER: {
    status: 422,
    title: {
      en: 'The task was carried out, and the host is not well: probe {probe} says {evidence}',
      zh: '任务已执行，但主机状态不正常：探测 {probe} 返回 {evidence}',
    },
    hint: {
      en: 'Look at the service that the probe asks; rolling back restores what was there before.',
      zh: '请检查该探测所针对的服务；回滚可恢复先前状态。',
    },
    retry: 'after-change',
  },
  TASK_PROBES_TOO_OFTEN: {
    status: 429,
    title: { en: 'The host is asked to probe itself too often', zh: '对该主机的探测请求过于频繁' },
    hint: { en: 'Wait {seconds} s and ask again.', zh: '请等待 {seconds} 秒后再次请求。' },
    retry: 'later',
  },
  TASK_NOT_CONFIRMED: {
    status: 504,
    title: {
      en: '{action} was undone: the host could not reach the server within {seconds} s after it',
      zh: '{action} 已被撤销：主机在其后 {seconds} 秒内无法连接服务器',
    },
    hint: {
      en: 'Correct what it changes: with it the host would be cut off. {undone} records were restored.',
      zh: '请更正其内容：照此更改主机将失去连接。已恢复 {undone} 条记录。',
    },
    retry: 'after-change',
  },
  TASK_NOT_CONFIRMED_NOT_UNDONE: {
    status: 500,
    title: {
      en: 'The host could not reach the server after {action}, and undoing it failed: {reason}',
      zh: '{action} 之后主机无法连接服务器，且撤销失败：{reason}',
    },
    hint: {
      en: "Look at the host. The agent's log says more: journalctl -u pilothouse-agent",
      zh: '请检查该主机。agent 日志有更多信息：journalctl -u pilothouse-agent',
    },
    retry: 'after-change',
  },
  TASK_CHANGE_INTERRUPTED: {
    status: 500,
    title: {
      en: 'The agent ended in the middle of {action}, which may cut the host off: it was undone',
      zh: 'agent 在执行可能使主机失去连接的 {action} 时终止：该操作已被撤销',
    },
    hint: {
      en: '{undone} records were restored. Run it again when the host is quiet.',
      zh: '已恢复 {undone} 条记录。请在主机稳定后重新运行。',
    },
    retry: 'after-change',
  },
  UNDO_RECORD_MISSING: {
    status: 422,
    title: {
      en: 'The host has no sound records of what the plan changed: {reason}',
      zh: '主机上没有该计划所做更改的完整记录：{reason}',
    },
    hint: {
      en: 'Nothing more was touched: without its records nobody knows what was there before. Restore it by hand or from a backup.',
      zh: '未再触及任何内容：没有记录便无法得知先前状态。请手动恢复或从备份恢复。',
    },
    retry: 'never',
  },
  UNDO_FAILED: {
    status: 500,
    title: { en: 'Undoing {action} failed: {code}', zh: '撤销 {action} 失败：{code}' },
    hint: {
      en: 'What came after it was restored; its record is kept. Mend the cause and undo again.',
      zh: '其后的更改已恢复，其记录仍保留。请排除原因后再次撤销。',
    },
    retry: 'after-change',
  },
  UNDO_ACTION_UNKNOWN: {
    status: 422,
    title: { en: 'This agent cannot undo {action}', zh: '此 agent 无法撤销 {action}' },
    hint: {
      en: 'Its record is kept. Bring the agent to the version that carried it out, or restore by hand.',
      zh: '其记录仍保留。请将 agent 恢复到执行该操作的版本，或手动恢复。',
    },
    retry: 'after-change',
  },
  UNDO_RECORD_TOO_LARGE: {
    status: 422,
    title: {
      en: 'What {action} would have to remember has {sizeBytes} bytes; {limitBytes} is the limit',
      zh: '{action} 需要记录 {sizeBytes} 字节，超过上限 {limitBytes}',
    },
    hint: { en: 'Nothing was changed. Change less at once.', zh: '未做任何更改。请减少单次更改的内容。' },
    retry: 'after-change',
  },
  UNDO_STORE_FULL: {
    status: 507,
    title: {
      en: 'The host keeps {sizeBytes} bytes of undo records of plans that are not over; {limitBytes} is the limit',
      zh: '主机上未结束计划的撤销记录已有 {sizeBytes} 字节，上限为 {limitBytes}',
    },
    hint: {
      en: 'Nothing was changed. Records are dropped when their plans have expired.',
      zh: '未做任何更改。计划过期后其记录会被清除。',
    },
    retry: 'later',
  },
  REBOOT_DRAIN_FAILED: {
    status: 409,
    title: {
      en: 'The host was not rebooted: {drain} could not take its work off it: {reason}',
      zh: '主机未重启：{drain} 无法迁走其工作：{reason}',
    },
    hint: {
      en: 'Nothing went down. What was drained before it stays drained.',
      zh: '主机未停止。此前已迁走的工作保持迁走状态。',
    },
    retry: 'after-change',
  },
  REBOOT_NOT_ACCEPTED: {
    status: 500,
    title: { en: 'The system did not accept the reboot: {reason}', zh: '系统未接受重启请求：{reason}' },
    hint: {
      en: 'On the host, look whether something inhibits it: systemd-inhibit --list',
      zh: '请在主机上检查是否有阻止因素：systemd-inhibit --list',
    },
    retry: 'after-change',
  },
  REBOOT_DID_NOT_HAPPEN: {
    status: 504,
    title: {
      en: 'The host was asked to reboot and has the same boot after {seconds} s',
      zh: '已请求主机重启，但 {seconds} 秒后仍是同一次启动',
    },
    hint: {
      en: 'Look on the host what keeps it from going down: systemctl list-jobs',
      zh: '请在主机上查看是什么阻止其停止：systemctl list-jobs',
    },
    retry: 'after-change',
  },
  REBOOT_RETURNED_LATE: {
    status: 504,
    title: {
      en: 'The host rebooted and had a session again after {seconds} s; {withinSeconds} s were allowed',
      zh: '主机已重启，{seconds} 秒后才恢复会话，允许的时间为 {withinSeconds} 秒',
    },
    hint: {
      en: 'It is back. Look what took so long with systemd-analyze blame, or allow more time.',
      zh: '主机已恢复。请用 systemd-analyze blame 查看耗时原因，或放宽时限。',
    },
    retry: 'never',
  },
});
