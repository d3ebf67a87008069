import { z } from 'zod';
import { defineErrors } from '../errors.ts';
import { HostId } from '../host-id.ts';
import { defineRoute } from '../route.ts';

/** Longer selectors are lists in disguise: make a group of them. */
export const SELECTOR_CHARS_MAX = 4096;

export const selectErrors = defineErrors({
  SELECTOR_INVALID: {
    status: 400,
    title: {
      en: 'The selector is not valid at column {column}: {problem}',
      zh: '选择器在第 {column} 列无效：{problem}',
    },
    hint: { en: 'Look at "{excerpt}". {suggestion}', zh: '请检查 "{excerpt}"。{suggestion}' },
    retry: 'after-change',
  },
  SELECTOR_TOO_COSTLY: {
    status: 422,
    title: {
      en: 'The selector takes more work than a question may',
      zh: '选择器的计算量超出上限',
    },
    hint: {
      en: 'Do not nest all(), exists(), filter() and map() over large facts; ask pkg() and service() by name.',
      zh: '请勿对大型 fact 嵌套使用 all()、exists()、filter() 和 map()；请用 pkg() 和 service() 按名称查询。',
    },
    retry: 'after-change',
  },
  SELECTOR_NOT_A_SCOPE: {
    status: 400,
    title: {
      en: 'A scope may not ask for {name}: hosts report it of themselves',
      zh: '权限范围不能使用 {name}：该信息由主机自行上报',
    },
    hint: { en: 'Use label, groups, name and id only.', zh: '仅可使用 label、groups、name 和 id。' },
    retry: 'after-change',
  },
});

export const Verdict = z.enum(['true', 'false', 'unknown']);
export type Verdict = z.infer<typeof Verdict>;

const SelectorText = z.string().min(1).max(SELECTOR_CHARS_MAX);

export const SelectCheck = z.object({
  /** Hosts in the reader's scope that match. */
  matched: z.number().int(),
  /** Hosts for which it cannot be decided, because a fact that it needs is not there. */
  undetermined: z.number().int(),
  total: z.number().int(),
  /** Names of the first that match, at most 100. */
  names: z.array(z.string()),
});
export type SelectCheck = z.infer<typeof SelectCheck>;

export const SelectExplanation = z.object({
  verdict: Verdict,
  conditions: z.array(z.object({ text: z.string(), verdict: Verdict, saw: z.string() })),
});
export type SelectExplanation = z.infer<typeof SelectExplanation>;

export const selectRoutes = {
  check: defineRoute({
    id: 'select.check',
    method: 'GET',
    path: '/api/v1/select',
    summary: { en: 'Check a selector and count the hosts it picks', zh: '检查选择器并统计其匹配的主机' },
    access: { kind: 'permission', permission: 'hosts.read' },
    query: z.object({ selector: SelectorText }),
    response: SelectCheck,
    errors: ['SELECTOR_INVALID', 'SELECTOR_TOO_COSTLY'],
    example: { query: { selector: 'label.role == "web"' } },
  }),
  explain: defineRoute({
    id: 'select.explain',
    method: 'GET',
    path: '/api/v1/select/explain',
    summary: { en: 'Say why a selector picks a host, or does not', zh: '说明选择器为何匹配或不匹配某台主机' },
    access: { kind: 'permission', permission: 'hosts.read' },
    query: z.object({ selector: SelectorText, hostId: HostId }),
    response: SelectExplanation,
    errors: ['SELECTOR_INVALID', 'SELECTOR_TOO_COSTLY', 'NOT_FOUND'],
    example: { query: { selector: 'label.role == "web"', hostId: 'h_000000000000000000' } },
  }),
};
