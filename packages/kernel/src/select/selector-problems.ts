import type { Message } from '@pilothouse/contract';

/**
 * What the expression library's error codes mean, for a reader of either language. English keeps the library's own summary,
 * which names types and characters; Chinese says the kind, and repeats what the library quotes. A code that is not here is
 * told in the library's words.
 */
const KINDS_IN_CHINESE: Readonly<Record<string, string>> = {
  too_long: '超过字符数上限（{quoted}）',
  unexpected_character: '此处不应有字符 {quoted}',
  unexpected_token: '此处不应有 {quoted}',
  expected_token: '缺少应有的符号（{quoted}）',
  invalid_number: '不是有效的数字：{quoted}',
  invalid_integer: '不是有效的整数：{quoted}',
  invalid_hex_integer: '不是有效的十六进制整数：{quoted}',
  invalid_exponent: '指数无效',
  newline_in_string: '单引号字符串中不得换行',
  unterminated_string: '字符串没有结束引号',
  unterminated_triple_quoted_string: '三引号字符串没有结束',
  invalid_escape_sequence: '转义序列无效：{quoted}',
  invalid_unicode_escape: 'Unicode 转义无效：{quoted}',
  invalid_unicode_surrogate: 'Unicode 转义是孤立的代理项：{quoted}',
  invalid_hex_escape: '十六进制转义无效：{quoted}',
  invalid_octal_escape: '八进制转义无效：{quoted}',
  octal_escape_out_of_range: '八进制转义超出范围：{quoted}',
  bytes_unicode_escape: '字节串中不得使用 Unicode 转义',
  limit_exceeded: '表达式过大：超出限制 {quoted}',
  reserved_identifier: '{quoted} 是保留字，不能用作名称',
  invalid_macro_argument: '宏的参数无效：{quoted}',
  unknown_variable: '未知名称：{quoted}',
  no_such_key: '没有该字段：{quoted}',
  no_such_overload: '类型不符，没有这样的运算：{quoted}',
  no_matching_overload: '类型不符，没有匹配的函数：{quoted}',
  invalid_index_type: '下标类型不符：{quoted}',
  cannot_index_type: '该类型不能取下标或字段：{quoted}',
  invalid_condition_type: '条件必须是布尔值：{quoted}',
  invalid_logical_operand: '逻辑运算的两侧必须是布尔值：{quoted}',
  incompatible_ternary_branches: '条件表达式两个分支的类型必须一致：{quoted}',
  variable_type_mismatch: '变量类型不符：{quoted}',
  incompatible_argument_type: '参数类型不符：{quoted}',
  invalid_comprehension_range: '该值不能遍历：{quoted}',
  optional_expected: '此处须为可选值：{quoted}',
  unsupported_type: '不支持的类型：{quoted}',
  invalid_comparison_type: '这些类型不能比较：{quoted}',
};
const OTHER_IN_CHINESE = '无法理解（{summary}）';

/** `summary` is the library's one line in English. */
export function problemOfKind(code: string | undefined, summary: string): Message {
  const chinese = KINDS_IN_CHINESE[code ?? ''] ?? OTHER_IN_CHINESE;
  return {
    en: summary,
    zh: chinese.replace('{quoted}', () => quotedIn(summary)).replace('{summary}', () => summary),
  };
}

/** What stands after the colon is what was found, without the words around it; else the whole line. */
function quotedIn(summary: string): string {
  const colon = summary.indexOf(': ');
  return colon === -1 ? summary : summary.slice(colon + 2);
}
