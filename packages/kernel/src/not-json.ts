import { JSON_DEPTH_MAX } from '@pilothouse/base';
import type { Message } from '@pilothouse/contract';

/** What is wrong with a text that `parseJson` refuses. */
export const NOT_JSON: Message = {
  en: `not JSON, nested deeper than ${JSON_DEPTH_MAX} levels, or with half of a character in a text`,
  zh: `不是 JSON、嵌套超过 ${JSON_DEPTH_MAX} 层，或文本中有不完整的字符`,
};
