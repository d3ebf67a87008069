import { defineErrors, type ErrorSpec } from '../errors.ts';

const reason = (en: string, zh: string, hint: { en: string; zh: string }): ErrorSpec => ({
  status: 409,
  title: { en, zh },
  hint,
  retry: 'after-change',
});

const holdsHint = {
  en: 'The rollout holds until it can be evaluated; a person may cancel or roll back.',
  zh: '上线会一直保持等待，直到可以评估；也可人工取消或回滚。',
};

/** Why a gate is refused in a plan, fails, or cannot be evaluated. */
export const gateErrors = defineErrors({
  GATE_INVALID: {
    status: 400,
    title: {
      en: 'Gate "{gate}" is not valid at column {column}: {problem}',
      zh: '关卡“{gate}”在第 {column} 列无效：{problem}',
    },
    hint: { en: 'Look at "{excerpt}". {suggestion}', zh: '请检查 "{excerpt}"。{suggestion}' },
    retry: 'after-change',
  },
  GATE_PROMETHEUS_MISSING: {
    status: 400,
    title: {
      en: 'Gate "{gate}" asks Prometheus, and this server knows none',
      zh: '关卡“{gate}”需要查询 Prometheus，但本服务器未配置',
    },
    hint: {
      en: 'Start the server with --prometheus-url, or take a gate over facts and vitals.',
      zh: '请以 --prometheus-url 启动服务器，或改用基于事实和指标的关卡。',
    },
    retry: 'after-change',
  },
  GATE_QUERY_INVALID: {
    status: 400,
    title: {
      en: 'Prometheus does not understand the query of gate "{gate}": {problem}',
      zh: 'Prometheus 无法理解关卡“{gate}”的查询：{problem}',
    },
    hint: {
      en: 'Correct the query {query} and make the plan again.',
      zh: '请更正查询 {query} 后重新制定计划。',
    },
    retry: 'after-change',
  },
  GATE_METRIC_UNKNOWN: {
    status: 400,
    title: {
      en: 'The query of gate "{gate}" finds nothing in Prometheus: {query}',
      zh: '关卡“{gate}”的查询在 Prometheus 中没有结果：{query}',
    },
    hint: {
      en: 'Check the name of the metric and its labels. Where "no series" means zero, write: ({query}) or vector(0)',
      zh: '请检查指标名称和标签。若“无序列”表示零，请写作：({query}) or vector(0)',
    },
    retry: 'after-change',
  },
  GATE_FALSE: reason('The condition is false: {expression}', '条件不成立：{expression}', {
    en: 'Read the evidence; roll back, or mend the cause and retry.',
    zh: '请查看依据；回滚，或排除原因后重试。',
  }),
  GATE_WORSE: reason(
    'Touched hosts are worse than untouched ones by {measure}: {touchedMedian} against {untouchedMedian}, chance {chance}',
    '已变更主机的 {measure} 比未变更主机更差：{touchedMedian} 对 {untouchedMedian}，偶然概率 {chance}',
    {
      en: 'Look at the hosts of the evidence; roll back, or mend the cause and retry.',
      zh: '请查看依据中的主机；回滚，或排除原因后重试。',
    },
  ),
  GATE_TOO_FEW_HOSTS: reason(
    'With {touched} touched and {untouched} untouched hosts no difference can be told from chance at {falseHaltRate}',
    '仅有 {touched} 台已变更和 {untouched} 台未变更主机，在误停率 {falseHaltRate} 下无法区分差异与偶然',
    {
      en: 'Take more canaries, a larger falseHaltRate, or place the comparison after a later wave.',
      zh: '请增加金丝雀主机、提高 falseHaltRate，或将比较放在更后的批次之后。',
    },
  ),
  GATE_FACTS_OLD: reason(
    '{hosts} {hosts:host is|hosts are} offline or {hosts:has|have} not reported since the wave ended what "{selector}" reads',
    '有 {hosts} 台主机离线，或自该批次结束后尚未上报“{selector}”所需的信息',
    holdsHint,
  ),
  GATE_NO_SAMPLES: reason(
    '{hosts} {hosts:host has|hosts have} sent no {measure} since the wave ended, or for five minutes',
    '有 {hosts} 台主机自该批次结束后或五分钟内未发送 {measure}',
    holdsHint,
  ),
  GATE_QUERY_EMPTY: reason(
    'Prometheus has no answer to {query}',
    'Prometheus 对 {query} 没有结果',
    holdsHint,
  ),
  GATE_QUERY_MANY: reason(
    'Prometheus answers {query} with {series} series; a condition needs one number',
    'Prometheus 对 {query} 返回 {series} 个序列；条件需要一个数值',
    { en: 'Aggregate it: sum(…), max(…) or avg(…).', zh: '请聚合：sum(…)、max(…) 或 avg(…)。' },
  ),
  GATE_PROMETHEUS_UNREACHABLE: reason(
    'Prometheus does not answer: {problem}',
    'Prometheus 无响应：{problem}',
    holdsHint,
  ),
  GATE_CANNOT_EVALUATE: reason(
    'The condition cannot be evaluated: {problem}',
    '条件无法评估：{problem}',
    holdsHint,
  ),
});
