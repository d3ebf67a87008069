import { defineErrors, type ErrorSpec } from '../errors.ts';

const refusal = (title: ErrorSpec['title'], hint: ErrorSpec['hint']): ErrorSpec => ({
  status: 422,
  title,
  hint,
  retry: 'after-change',
});

/** Strategies that contradict themselves, the fleet or the calendar: said when the plan is made, not when it is stuck. */
export const planStrategyErrors = defineErrors({
  PLAN_WAVES_IMPOSSIBLE: refusal(
    {
      en: '{set} has {members} members, and a plan has at most {wavesMax} waves to keep them apart in',
      zh: '{set} 有 {members} 个成员，而一个计划最多 {wavesMax} 个批次，无法将其分开',
    },
    {
      en: 'Narrow the target, or leave this set out of what is kept apart.',
      zh: '请缩小目标，或不再要求分开该组合。',
    },
  ),
  PLAN_WAVES_TOO_MANY: refusal(
    {
      en: 'These waves for {hosts} hosts would be more than {wavesMax}',
      zh: '{hosts} 台主机按此划分将超过 {wavesMax} 个批次',
    },
    {
      en: 'Make the last size larger: it repeats until every host has its wave.',
      zh: '请增大最后一个批次大小：它会重复直至覆盖所有主机。',
    },
  ),
  PLAN_BUILD_FACT_UNKNOWN: refusal(
    {
      en: 'A canary of each build needs {fact}, which none of the hosts has reported',
      zh: '按构建选取金丝雀需要事实 {fact}，但没有主机上报过',
    },
    { en: 'See what hosts report: pilothouse facts HOST', zh: '查看主机上报的事实：pilothouse facts 主机' },
  ),
  PLAN_SHARE_WITHOUT_COUNT: refusal(
    {
      en: 'At most {percent} % of the hosts may fail, and any number: both cannot hold',
      zh: '失败上限为 {percent} % 与“不限数量”相互矛盾',
    },
    {
      en: 'Leave out failuresMax: null; then the share alone is the limit.',
      zh: '请去掉 failuresMax: null，则仅按比例限制。',
    },
  ),
  PLAN_WAVE_LIMIT_ABOVE_TOTAL: refusal(
    {
      en: '{wave} {wave:failure is|failures are} allowed in a wave, but only {total} in all',
      zh: '每批允许失败 {wave} 台，但总共只允许 {total} 台',
    },
    {
      en: 'Allow at least as many in all (--max-failures), or fewer in a wave (--wave-failures).',
      zh: '请提高总上限（--max-failures）或降低每批上限（--wave-failures）。',
    },
  ),
  PLAN_GATE_WAVE_MISSING: refusal(
    {
      en: 'The gate {gate} stands after wave {after}, and there are {waves}',
      zh: '关卡 {gate} 位于第 {after} 批之后，但只有 {waves} 批',
    },
    {
      en: 'Name a wave from 1 to {waves}, or each. See the waves with: pilothouse plan make … --dry',
      zh: '请指定 1 到 {waves} 之间的批次或 each。可用 pilothouse plan make … --dry 查看批次。',
    },
  ),
  PLAN_GATE_WITHOUT_PROBES: refusal(
    {
      en: 'The gate {gate} watches probes, and the plan has none',
      zh: '关卡 {gate} 依赖探测，但计划未定义探测',
    },
    { en: 'Add a probe (--probe), or take the gate out.', zh: '请添加探测（--probe）或移除该关卡。' },
  ),
  PLAN_GATE_WITHOUT_CONTROL: refusal(
    {
      en: 'The gate {gate} compares with untouched hosts, and after wave {after} of {waves} there are none',
      zh: '关卡 {gate} 需与未变更主机比较，但第 {after}/{waves} 批之后已无此类主机',
    },
    { en: 'Place it after an earlier wave, or make more waves.', zh: '请放在更早的批次之后，或增加批次。' },
  ),
  PLAN_GATE_TOO_FEW_HOSTS: refusal(
    {
      en: 'The gate {gate} compares {touched} {touched:host|hosts} with {untouched} after wave {after}: too few to tell a difference from chance at {falseHaltRate}',
      zh: '关卡 {gate} 在第 {after} 批之后比较 {touched} 台与 {untouched} 台主机，数量过少，在误停率 {falseHaltRate} 下无法区分差异与偶然',
    },
    {
      en: 'Take more canaries or a larger falseHaltRate, or place it after a later wave.',
      zh: '请增加金丝雀主机、提高 falseHaltRate，或放在更后的批次之后。',
    },
  ),
  PLAN_NAME_TWICE: refusal(
    { en: 'Two of the {kind} are called {name}', zh: '{kind} 中有两个都叫 {name}' },
    { en: 'Give each its own name: verdicts are told by it.', zh: '请使用不同名称：判定结果以名称区分。' },
  ),
  PLAN_CHANNEL_UNKNOWN: refusal(
    {
      en: 'The gate {gate} tells {channel}, and there is no such channel',
      zh: '关卡 {gate} 通知的渠道 {channel} 不存在',
    },
    { en: 'See which there are: pilothouse channel', zh: '查看已有渠道：pilothouse channel' },
  ),
  PLAN_WHEN_NEVER: refusal(
    {
      en: '{action} is the first action and would run only when one before it {when}',
      zh: '{action} 是第一个操作，却要求前一操作 {when} 才执行',
    },
    { en: 'Leave out when, or put it after another action.', zh: '请去掉 when，或放在其他操作之后。' },
  ),
  PLAN_WINDOW_NEVER_OPENS: refusal(
    {
      en: 'Nothing may start on {count} of these hosts before {expiresAt}: {hosts}',
      zh: '{expiresAt} 之前有 {count} 台主机没有可用的维护窗口：{hosts}',
    },
    {
      en: 'Windows or freezes cover all that time. Let the plan expire later (--expires), or change them: pilothouse window, pilothouse freeze',
      zh: '该时间段被窗口或冻结完全覆盖。请延长有效期（--expires）或修改：pilothouse window、pilothouse freeze',
    },
  ),
  PLAN_ROLLBACK_IMPOSSIBLE: refusal(
    {
      en: 'None of these actions records what an undo needs, so there is nothing to roll back to: {actions}',
      zh: '这些操作均不记录撤销所需的信息，无法回滚：{actions}',
    },
    {
      en: 'Write the way back as a plan of its own. Why an action cannot be undone: pilothouse plan show PLAN',
      zh: '请另行制定还原计划。无法撤销的原因：pilothouse plan show 计划',
    },
  ),
});
