import { commonErrors, type ErrorSpec, isAppError, type Language, renderMessage } from '@pilothouse/contract';
import { kernelDeclarations } from '@pilothouse/kernel';
import { exitCodes, serverErrors } from './server-errors.ts';

export interface Refusal {
  readonly text: string;
  readonly exitCode: number;
}

/** Why it did not start, in one line and a next step. What nobody foresaw comes with its stack, for a bug report. */
export function refusalOf(error: unknown, language: Language): Refusal {
  const spec = isAppError(error) ? rowOf(error.code) : undefined;
  if (!isAppError(error) || spec === undefined) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { text: `INTERNAL: ${commonErrors.INTERNAL.title[language]}\n${stack}\n`, exitCode: 1 };
  }
  const title = renderMessage(spec.title, language, error.details);
  const hint = renderMessage(spec.hint, language, error.details);
  return { text: `${error.code}: ${title}\n  ${hint}\n`, exitCode: exitCodes[error.code] ?? 1 };
}

const rowOf = (code: string): ErrorSpec | undefined =>
  new Map<string, ErrorSpec>([
    ...Object.entries(kernelDeclarations.errors),
    ...Object.entries(serverErrors),
  ]).get(code);
