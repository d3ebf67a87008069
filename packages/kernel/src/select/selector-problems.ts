import { defineMessages, type Message, renderMessage } from '@pilothouse/contract';

/**
 * What the expression library's error codes mean, for a reader of either language. English keeps the library's own summary,
 * which names types and characters; Chinese says the kind, and repeats what the library quotes. A code that is not here is
 * told in the library's words.
 */
const KINDS: Readonly<Record<string, Message>> = defineMessages({
  too_long: { en: '{summary}', zh: '超过字符数上限（{quoted}）' },
  unexpected_character: { en: '{summary}', zh: '此处不应有字符 {quoted}' },
  unexpected_token: { en: '{summary}', zh: '此处不应有 {quoted}' },
  expected_token: { en: '{summary}', zh: '缺少应有的符号（{quoted}）' },
  invalid_number: { en: '{summary}', zh: '不是有效的数字：{quoted}' },
  invalid_integer: { en: '{summary}', zh: '不是有效的整数：{quoted}' },
  invalid_hex_integer: { en: '{summary}', zh: '不是有效的十六进制整数：{quoted}' },
  invalid_exponent: { en: '{summary}', zh: '指数无效' },
  newline_in_string: { en: '{summary}', zh: '单引号字符串中不得换行' },
  unterminated_string: { en: '{summary}', zh: '字符串没有结束引号' },
  unterminated_triple_quoted_string: { en: '{summary}', zh: '三引号字符串没有结束' },
  invalid_escape_sequence: { en: '{summary}', zh: '转义序列无效：{quoted}' },
  invalid_unicode_escape: { en: '{summary}', zh: 'Unicode 转义无效：{quoted}' },
  invalid_unicode_surrogate: { en: '{summary}', zh: 'Unicode 转义是孤立的代理项：{quoted}' },
  invalid_hex_escape: { en: '{summary}', zh: '十六进制转义无效：{quoted}' },
  invalid_octal_escape: { en: '{summary}', zh: '八进制转义无效：{quoted}' },
  octal_escape_out_of_range: { en: '{summary}', zh: '八进制转义超出范围：{quoted}' },
  bytes_unicode_escape: { en: '{summary}', zh: '字节串中不得使用 Unicode 转义' },
  limit_exceeded: { en: '{summary}', zh: '表达式过大：超出限制 {quoted}' },
  reserved_identifier: { en: '{summary}', zh: '{quoted} 是保留字，不能用作名称' },
  invalid_macro_argument: { en: '{summary}', zh: '宏的参数无效：{quoted}' },
  unknown_variable: { en: '{summary}', zh: '未知名称：{quoted}' },
  no_such_key: { en: '{summary}', zh: '没有该字段：{quoted}' },
  no_such_overload: { en: '{summary}', zh: '类型不符，没有这样的运算：{quoted}' },
  no_matching_overload: { en: '{summary}', zh: '类型不符，没有匹配的函数：{quoted}' },
  invalid_index_type: { en: '{summary}', zh: '下标类型不符：{quoted}' },
  cannot_index_type: { en: '{summary}', zh: '该类型不能取下标或字段：{quoted}' },
  invalid_condition_type: { en: '{summary}', zh: '条件必须是布尔值：{quoted}' },
  invalid_logical_operand: { en: '{summary}', zh: '逻辑运算的两侧必须是布尔值：{quoted}' },
  incompatible_ternary_branches: { en: '{summary}', zh: '条件表达式两个分支的类型必须一致：{quoted}' },
  variable_type_mismatch: { en: '{summary}', zh: '变量类型不符：{quoted}' },
  incompatible_argument_type: { en: '{summary}', zh: '参数类型不符：{quoted}' },
  invalid_comprehension_range: { en: '{summary}', zh: '该值不能遍历：{quoted}' },
  optional_expected: { en: '{summary}', zh: '此处须为可选值：{quoted}' },
  unsupported_type: { en: '{summary}', zh: '不支持的类型：{quoted}' },
  invalid_comparison_type: { en: '{summary}', zh: '这些类型不能比较：{quoted}' },
});
const OTHER: Message = { en: '{summary}', zh: '无法理解（{summary}）' };

/** `summary` is the library's one line in English. */
export function problemOfKind(code: string | undefined, summary: string): Message {
  const kind = KINDS[code ?? ''] ?? OTHER;
  const parameters = { summary, quoted: quotedIn(summary) };
  return { en: renderMessage(kind, 'en', parameters), zh: renderMessage(kind, 'zh', parameters) };
}

/** What stands after the colon is what was found, without the words around it; else the whole line. */
function quotedIn(summary: string): string {
  const colon = summary.indexOf(': ');
  return colon === -1 ? summary : summary.slice(colon + 2);
}
