import {
  AppError,
  type ErrorSpec,
  type ErrorTable,
  isAppError,
  type Language,
  type Problem,
  renderMessage,
  renderParameters,
} from '@pilothouse/contract';

/** Who knows the rows of all error tables: the kernel's and the plugins'. */
export interface ErrorCatalogue {
  find(code: string): ErrorSpec | undefined;
}

export const catalogueOf = (tables: readonly ErrorTable[]): ErrorCatalogue => {
  const rows = new Map(tables.flatMap((table) => Object.entries(table)));
  return { find: (code) => rows.get(code) };
};

export interface ProblemContext {
  readonly language: Language;
  readonly requestId: string;
}

/**
 * The answer to anything thrown. A code without a row is a bug, like any other error: the client learns INTERNAL and
 * the request id, the log gets the cause.
 */
export function problemOf(error: unknown, catalogue: ErrorCatalogue, context: ProblemContext): Problem {
  const refusal = isAppError(error) ? error : new AppError('INTERNAL');
  const spec = catalogue.find(refusal.code);
  if (spec === undefined) {
    if (refusal.code === 'INTERNAL') throw new TypeError('the error catalogue has no INTERNAL');
    return problemOf(new AppError('INTERNAL'), catalogue, context);
  }
  const parameters = { ...refusal.details, requestId: context.requestId };
  return {
    type: `urn:pilothouse:problem:${refusal.code}`,
    title: renderMessage(spec.title, context.language, parameters),
    status: spec.status,
    code: refusal.code,
    hint: renderMessage(spec.hint, context.language, parameters),
    retry: spec.retry,
    requestId: context.requestId,
    ...(Object.keys(refusal.details).length === 0
      ? {}
      : { details: renderParameters(refusal.details, context.language) }),
  };
}
