import {
  type CliContext,
  type Described,
  EXIT,
  type ExitCode,
  jsonText,
  paint,
  plain,
} from '@pilothouse/cli-kit';
import { ProblemError } from '@pilothouse/client';
import { type ErrorDetails, isAppError, type Message } from '@pilothouse/contract';

const WORDS = {
  error: { en: 'error: ', zh: '错误：' },
  hint: { en: '  next: ', zh: '  建议：' },
  code: { en: '  code: ', zh: '  代码：' },
  request: { en: '  request: ', zh: '  请求：' },
} satisfies Record<string, Message>;

interface Failure extends Described {
  readonly code: string;
  readonly details: ErrorDetails;
  readonly requestId: string | null;
  readonly exit: ExitCode;
}

/** Says on stderr what is wrong, what to do, the code and the request, and returns how the process ends. */
export function reportError(
  context: Pick<CliContext, 'terminal' | 'say' | 'isJson' | 'describe'>,
  error: unknown,
  isDebug: boolean,
): ExitCode {
  const failure = failureOf(context, error);
  const { terminal } = context;
  if (isDebug && error instanceof Error) terminal.writeError(`${error.stack ?? error.message}\n`);
  if (failure.code === 'CLI_INTERRUPTED') return failure.exit;
  if (context.isJson) {
    const { title, hint, code, details, requestId } = failure;
    terminal.writeError(`${jsonText({ error: { code, title, hint, details, requestId } })}\n`);
    return failure.exit;
  }
  const lines = [paint(terminal, 'red', context.say(WORDS.error)) + plain(failure.title)];
  if (failure.hint !== '') lines.push(context.say(WORDS.hint) + plain(failure.hint));
  const request = failure.requestId === null ? '' : context.say(WORDS.request) + plain(failure.requestId);
  lines.push(paint(terminal, 'grey', context.say(WORDS.code) + failure.code + request));
  terminal.writeError(`${lines.join('\n')}\n`);
  return failure.exit;
}

function failureOf(context: Pick<CliContext, 'describe'>, error: unknown): Failure {
  if (error instanceof ProblemError) {
    const { title, hint, code, requestId, details, status } = error.problem;
    const exit = status === 401 ? EXIT.notSignedIn : EXIT.refused;
    return { title, hint, code, details: details ?? {}, requestId, exit };
  }
  if (isAppError(error)) {
    const { code, details } = error;
    return { ...context.describe(code, details), code, details, requestId: null, exit: exitOf(code) };
  }
  const details = { problem: error instanceof Error ? error.message : String(error) };
  return {
    ...context.describe('CLI_INTERNAL', details),
    code: 'CLI_INTERNAL',
    details,
    requestId: null,
    exit: EXIT.internal,
  };
}

function exitOf(code: string): ExitCode {
  if (code === 'CLI_INTERRUPTED') return EXIT.interrupted;
  if (code === 'CLI_NOT_SIGNED_IN') return EXIT.notSignedIn;
  if (code === 'CLI_OUTPUT_FAILED') return EXIT.internal;
  if (code === 'CLI_PIN_MISMATCH' || code.startsWith('CLIENT_')) return EXIT.unreachable;
  return code.startsWith('CLI_') ? EXIT.usage : EXIT.refused;
}
