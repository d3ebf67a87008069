import { JSON_DEPTH_MAX } from '@pilothouse/base';
import type { Message } from '@pilothouse/contract';

/** What is wrong with a text that `parseJson` refuses. */
export const NOT_JSON: Message = {
  en: `not JSON, or nested deeper than ${JSON_DEPTH_MAX} levels`,
  zh: `不是 JSON，或嵌套超过 ${JSON_DEPTH_MAX} 层`,
};
