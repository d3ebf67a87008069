import type { Message } from './message.ts';

/**
 * What is wrong with a line of options, by the code and the quoted word of `parseArgs`: its prose is English alone and changes
 * with the runtime.
 */
export function lineProblem(cause: unknown): Message {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const message = cause instanceof Error ? cause.message : '';
  const word = /'([^']*)'/.exec(message)?.[1]?.split(/[ ,=<]/)[0] ?? '';
  switch (code) {
    case 'ERR_PARSE_ARGS_UNKNOWN_OPTION':
      return { en: `there is no option ${word}`, zh: `没有选项 ${word}` };
    case 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL':
      return { en: `${word} is one word too many`, zh: `多余的参数 ${word}` };
    case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE':
      return /does not take an argument/.test(message)
        ? { en: `${word} takes no value`, zh: `选项 ${word} 不带值` }
        : { en: `${word} needs a value`, zh: `选项 ${word} 需要一个值` };
    default:
      return { en: 'it is not understood', zh: '无法理解' };
  }
}
